"""manage.py audit tells what was erased from what was lost. Two tenants throughout."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from campaigns import erasure
from tests.integration.campaigns.test_audit import Audit, audit, faults, lead_id, log, shops, worker

__all__ = ["audit", "log", "shops", "worker"]  # fixtures


@pytest.mark.parametrize("mode", ["erase", "anonymise"])
def test_what_was_erased_is_not_lost_and_what_was_accepted_since_may_be(
    audit: Audit, log: Path, worker: psycopg.Connection, mode: str
) -> None:
    def erase(tenant: str, key: str) -> None:
        worker.execute(
            "INSERT INTO campaigns_erasure (tenant_id, lead_id, key_hash, mode, due_at, turn_at)"
            " VALUES (%s, %s, campaigns_key_hash(%s, %s), %s, now(), now())",
            [tenant, lead_id(tenant, key), tenant, key, mode],
        )
        assert erasure.tend(worker) == 1

    erase("whale", "bob")
    assert audit()["passed"]

    with log.open("a") as lines:
        since = {"accepted_at": (datetime.now(UTC) + timedelta(seconds=1)).isoformat()}
        for tenant in ("whale", "minnow"):
            lines.write(json.dumps({"tenant": tenant, "lead": "bob", "id": "later"} | since) + "\n")
    assert faults(audit()) == {"nothing is lost": [(tenant, "it is nowhere") for tenant in ("whale", "minnow")]}
