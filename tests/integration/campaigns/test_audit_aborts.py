"""manage.py audit after an abort: what was thrown away is told from what was lost, as far as numbers and times show."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from campaigns.tenancy import tenant_context
from engine import outbox, spill
from engine.abort import abort
from engine.lanes import lanes
from tests.integration.campaigns.shops import LANES, Shop, broker_down
from tests.integration.campaigns.test_audit import Audit, audit, execute, faults, log, send, shops, worker

__all__ = ["audit", "log", "shops", "worker"]

LOST = "nothing is lost"
BEYOND = "it is nowhere, and not among as many as the aborts of this tenant threw away"


def lose(tenant: str) -> None:
    """What waits of a tenant in Redis, without a trace."""
    lanes().abort(tenant, LANES)
    lanes().configure(tenant, 1, 0, "default")


def test_what_was_thrown_away_is_not_lost(
    audit: Audit, worker: psycopg.Connection, shops: dict[str, Shop], log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Redis and in the buffer, whose rows are still there; what is sent again is executed."""
    with broker_down(monkeypatch):
        send(log, shops, [("bob", 3)])

    assert abort("whale", by="anna").events == 2
    result = audit()

    assert result["passed"]
    assert (result["figures"]["aborted"], result["figures"]["waiting"]) == (2, 2)
    send(log, shops, [("bob", 4), ("ada", 3)])
    execute(worker)
    spill.remove_aborted(worker)
    result = audit()
    assert result["passed"]
    assert result["figures"]["aborted"] == 1


def test_rows_of_the_outbox_that_were_thrown_away_do_not_wait(audit: Audit, shops: dict[str, Shop], log: Path) -> None:
    (waiting,) = shops["whale"].waiting()
    lose("whale")
    with tenant_context("whale"):
        outbox.record("whale", [waiting])
        outbox.connections["default"].run_on_commit.clear()
    assert audit()["figures"]["waiting"] == 2

    abort("whale", by="anna")

    assert (audit()["figures"]["waiting"], audit()["figures"]["aborted"], audit()["passed"]) == (1, 1, True)


def test_more_than_was_thrown_away_is_lost(audit: Audit, shops: dict[str, Shop], log: Path) -> None:
    """The older one: what an abort throws away was accepted last."""
    lose("whale")
    send(log, shops, [("bob", 3)])
    abort("whale", by="anna")

    result = audit()

    assert faults(result) == {LOST: [("whale", BEYOND)]}
    assert result["violations"][0]["examples"][0]["event"] == "ada-3"
    assert result["figures"]["aborted"] == 1


def test_what_was_accepted_after_the_abort_is_lost(audit: Audit, shops: dict[str, Shop], log: Path) -> None:
    abort("whale", by="anna")
    send(log, shops, [("ada", 4)])
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    lines[-2]["accepted_at"] = datetime.now(UTC).isoformat()
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    lose("whale")

    assert faults(audit()) == {LOST: [("whale", BEYOND)]}


def test_an_abort_excuses_nobody_else(audit: Audit, shops: dict[str, Shop]) -> None:
    abort("whale", by="anna")
    lose("minnow")

    assert faults(audit()) == {LOST: [("minnow", "it is nowhere")]}


def test_an_abort_that_broke_off_may_have_thrown_away_any_number(
    audit: Audit, shops: dict[str, Shop], worker: psycopg.Connection
) -> None:
    abort("whale", by="anna")
    worker.execute("UPDATE engine_abort SET events = NULL, ended_at = NULL")

    result = audit()

    assert (result["passed"], result["figures"]["aborted"]) == (True, 1)


def test_what_the_ledger_says_was_done_is_no_abort(
    audit: Audit, shops: dict[str, Shop], worker: psycopg.Connection
) -> None:
    (waiting,) = shops["whale"].waiting()
    worker.execute("INSERT INTO engine_ledger VALUES ('whale', %s, %s)", [waiting.ledger_key, waiting.ledger_day])
    abort("whale", by="anna")

    assert [tenant for tenant, _ in faults(audit())[LOST]] == ["whale"]
