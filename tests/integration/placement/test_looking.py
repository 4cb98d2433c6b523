"""manage.py audit and manage.py lanes look at every database."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections

from campaigns.audit.identity import key_of
from engine.embedded import Servers
from engine.roles import Urls
from tests.integration.campaigns.shops import broker_down
from tests.integration.placement.bundles import closed, run_bundles
from tests.integration.placement.test_execution import Shops, fresh_process, send, shops

__all__ = ["fresh_process", "shops"]


@pytest.fixture
def log(shops: Shops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three purchases of each tenant, executed; one more of each waits in its lane, one in the buffer."""
    send(shops)
    run_bundles("default", "blue")
    send(shops, first=3, count=1)
    with broker_down(monkeypatch):
        send(shops, first=4, count=1)
    path = tmp_path / "accepted.ndjson"
    lines = [{"tenant": tenant, "lead": "ann", "id": f"o-{n}"} for tenant in shops for n in range(5)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def audit(log: Path) -> tuple[int, dict[str, Any]]:
    printed, code = io.StringIO(), 0
    try:
        call_command("audit", "--json", "--accepted", str(log), stdout=printed)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(printed.getvalue())


def test_honest_data_on_two_databases_pass(log: Path) -> None:
    code, verdict = audit(log)

    assert (code, verdict["violations"], verdict["unreached"]) == (0, [], {})
    assert {name: verdict["figures"][name] for name in ("accepted", "executed", "waiting", "tenants")} == {
        "accepted": 10, "executed": 6, "waiting": 4, "tenants": 2,
    }  # fmt: skip


def test_a_loss_on_the_second_database_is_named(log: Path, blue_worker: psycopg.Connection) -> None:
    blue_worker.execute("DELETE FROM engine_spill")

    code, verdict = audit(log)

    assert code == 1
    assert [found["promise"] for found in verdict["violations"]] == ["nothing is lost"]
    assert [one["tenant"] for one in verdict["violations"][0]["examples"]] == ["minnow"]


def test_an_event_executed_where_its_tenant_does_not_live_is_named(
    log: Path, directory_worker: psycopg.Connection
) -> None:
    """As if a worker had taken the tenant's events for the directory's."""
    lead = "INSERT INTO campaigns_lead (tenant_id, key) VALUES ('minnow', 'ann') RETURNING id"
    row = directory_worker.execute(lead).fetchone()
    assert row is not None
    directory_worker.execute(
        "INSERT INTO campaigns_activity (tenant_id, lead_id, occurred_at, kind, event_key, data)"
        " VALUES ('minnow', %s, now(), 'purchase', %s, '{\"event_id\": \"o-3\"}')",
        [row[0], key_of("o-3")],
    )
    directory_worker.execute(
        "INSERT INTO engine_ledger VALUES ('minnow', %s, (now() AT TIME ZONE 'UTC')::date)", [key_of("o-3")]
    )

    code, verdict = audit(log)

    assert code == 1
    (found,) = verdict["violations"]
    assert found["promise"] == "nothing crosses tenants"
    assert ("minnow", "executed on a database where the tenant does not live") in [
        (one["tenant"], one["fault"]) for one in found["examples"]
    ]


def test_a_database_that_does_not_answer_fails_the_audit_of_the_others(log: Path, blue: Urls, servers: Servers) -> None:
    connections["blue"].close()
    with closed(blue.worker):
        code, verdict = audit(log)

    assert code == 1
    assert list(verdict["unreached"]) == ["blue"]
    assert (verdict["violations"], verdict["figures"]["executed"]) == ([], 3)


def test_lanes_shows_what_was_spilled_on_every_database(
    log: Path, blue: Urls, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")

    def show() -> str:
        text = io.StringIO()
        call_command("lanes", stdout=text)
        return text.getvalue().partition("Spilled")[2]

    shown = show()
    assert "whale" in shown and "minnow" in shown and "does not answer" not in shown
    connections["blue"].close()
    with closed(blue.worker):
        shown = show()
    assert "whale" in shown and "The database blue does not answer" in shown


def test_tenants_are_listed_though_a_database_is_away(
    log: Path, blue: Urls, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")

    def show(*options: str) -> str:
        text = io.StringIO()
        call_command("tenant", *options, stdout=text)
        return text.getvalue()

    assert "or more" not in show("list")
    connections["blue"].close()
    with closed(blue.worker):
        listed = {line.split()[1]: line for line in show("list").splitlines() if "active" in line}
        assert "1 or more" in listed["minnow"] and "or more" not in listed["whale"]
        assert "its database does not answer" in show("show", "minnow")
