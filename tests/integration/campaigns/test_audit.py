"""manage.py audit: honest data pass; each way of doctoring them is named. Two tenants throughout."""

from __future__ import annotations

import io
import json
import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command

from campaigns import handler
from campaigns.audit import waiting
from campaigns.audit.identity import key_of
from campaigns.ingest import accept
from campaigns.models import Lead
from campaigns.tenancy import tenant_context
from engine import tasks
from engine.executor import Executor
from engine.lanes import lanes
from engine.types import Event
from tests.integration.campaigns.shops import Shop, broker_down, open_shop
from tests.integration.campaigns.world import make_campaign

Audit = Callable[..., dict[str, Any]]
DOCUMENT = {
    "triggers": [{"type": "event", "event": "purchase"}],
    "steps": [
        {"id": "count", "action": "increment_number", "params": {"field": "orders", "by": 1}},
        {"id": "stage", "action": "change_stage", "params": {"stage": "vip"}},
    ],
}
INSERT_ACTIVITY = (
    "INSERT INTO campaigns_activity (tenant_id, lead_id, recorded_at, occurred_at, kind, campaign_id, event_key, data)"
    " VALUES (%s, %s, %s, now(), 'purchase', %s, %s, %s)"
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "accepted.ndjson"


@pytest.fixture
def worker(clean: None) -> Iterator[psycopg.Connection]:
    """As the engine's workers connect; it may not change activities, but the ledger it may."""
    with tasks._connect(os.environ["WORKER_DATABASE_URL"]) as connection:
        yield connection


@pytest.fixture
def shops(log: Path, worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> dict[str, Shop]:
    """Whale and minnow with two leads of three purchases each, executed; one event of each still waits."""
    made = {tenant: open_shop(tenant) for tenant in ("whale", "minnow")}
    for tenant in made:
        with tenant_context(tenant):
            make_campaign(tenant, document=DOCUMENT)
    send(log, made, [("ada", n) for n in range(3)] + [("bob", n) for n in range(3)])
    execute(worker)
    send(log, made, [("ada", 3)])
    return made


def send(log: Path, shops: dict[str, Shop], purchases: list[tuple[str, int]]) -> None:
    """Accept the same events, under the same ids, for each tenant; and say so in the log."""
    for tenant in shops:
        raw = [
            {"id": f"{lead}-{n}", "lead": lead, "type": "purchase", "data": {"amount": "9.90"}} for lead, n in purchases
        ]
        accept(tenant, raw, "api", datetime.now(UTC))
        with log.open("a") as lines:
            for one in raw:
                lines.write(json.dumps({"tenant": tenant, "lead": one["lead"], "id": one["id"]}) + "\n")


def execute(worker: psycopg.Connection) -> None:
    """Everything in the lanes, as a worker does."""

    def no_task(event: Event) -> None:
        raise AssertionError(f"{event} is no task")

    executor = Executor(worker, handler.handle, no_task, max_attempts=3, retry_seconds=0)
    number = 0
    while lanes().lease(f"bundle-{number}", "test", "default"):
        report = executor.execute(lanes().fetch(f"bundle-{number}") or [])
        lanes().settle(f"bundle-{number}", report.outcomes.values(), report.cost())
        number += 1


@pytest.fixture
def audit(shops: dict[str, Shop], log: Path) -> Audit:
    """Runs the command; returns its JSON with each promise's examples as sentences, and whether it passed."""

    def run(*options: str) -> dict[str, Any]:
        printed = io.StringIO()
        options = options or ("--accepted", str(log))
        try:
            call_command("audit", "--json", *options, stdout=printed)
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        result = json.loads(printed.getvalue())
        assert result["passed"] == (code == 0)
        return result

    return run


def faults(result: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Promise -> tenant and fault of each example."""
    return {
        broken["promise"]: [(example["tenant"], example["fault"]) for example in broken["examples"]]
        for broken in result["violations"]
    }


def lead_id(tenant: str, key: str) -> int:
    with tenant_context(tenant):
        return Lead.objects.get(key=key).pk


def change_activities(tenant: str, statement: str, parameters: list[Any]) -> None:
    """By the tables' owner, who alone may; row-level security holds for him too."""
    with psycopg.connect(os.environ["OWNER_DATABASE_URL"]) as owner:
        owner.execute("SELECT set_config('fairlane.tenant', %s, true)", [tenant])
        assert owner.execute(statement, parameters).rowcount > 0


def test_honest_data_pass(audit: Audit) -> None:
    result = audit()

    assert (result["passed"], result["violations"]) == (True, [])
    figures = result["figures"]
    assert (figures["accepted"], figures["executed"], figures["waiting"]) == (14, 12, 2)
    assert (figures["leads"], figures["tenants"], figures["dead"]) == (4, 2, 0)


def test_they_pass_without_a_log_and_for_one_tenant(audit: Audit, log: Path) -> None:
    assert audit("--since", "2026-01-01")["figures"]["executed"] == 12
    only = audit("--tenant", "minnow", "--accepted", str(log))

    assert (only["passed"], only["figures"]["accepted"], only["figures"]["executed"]) == (True, 7, 6)


@pytest.mark.breaks_lanes
def test_what_is_in_the_outbox_or_died_is_not_lost(audit: Audit, log: Path, worker: psycopg.Connection) -> None:
    lane = lanes().settings.prefix + "t.whale.*"
    (waits,) = list(lanes().client.scan_iter(lane))
    body = lanes().client.lrange(waits, 0, -1)[0]
    lanes().client.delete(waits)
    worker.execute(
        "INSERT INTO engine_outbox (tenant_id, events, size, transaction) VALUES ('whale', %s, 1, '1'::xid8)",
        [body + b"\n"],
    )
    with log.open("a") as lines:
        lines.write(json.dumps({"tenant": "minnow", "lead": "eve", "id": "bad"}) + "\n")
    bury(worker, "minnow", "eve", "bad")
    know(worker, "minnow", "bad")

    result = audit()

    assert (result["passed"], result["figures"]["dead"], result["figures"]["waiting"]) == (True, 1, 2)


@pytest.mark.breaks_lanes
def test_a_lost_event_is_named(audit: Audit, log: Path, worker: psycopg.Connection) -> None:
    for name in lanes().client.scan_iter(lanes().settings.prefix + "t.whale.*"):
        lanes().client.delete(name)
    with log.open("a") as lines:
        lines.write(json.dumps({"tenant": "minnow", "lead": "eve", "id": "claimed"}) + "\n")
    know(worker, "minnow", "claimed")

    assert faults(audit()) == {
        "nothing is lost": [
            ("whale", "it is nowhere"),
            ("minnow", "the ledger says it was done, but it is no activity and no dead letter"),
        ]
    }


def test_an_event_that_was_done_twice_is_named(audit: Audit) -> None:
    again = [
        "whale", lead_id("whale", "bob"), datetime.now(UTC), None, key_of("bob-2"), json.dumps({"event_id": "bob-2"}),
    ]  # fmt: skip
    change_activities("whale", INSERT_ACTIVITY, again)

    assert faults(audit()) == {
        "nothing is done twice": [("whale", "executed 2 times, the ledger knows of 1")],
    }


def test_an_id_that_was_used_again_after_days_is_no_repetition(audit: Audit, worker: psycopg.Connection) -> None:
    past = datetime.now(UTC) - timedelta(days=3)
    again = [
        "whale",
        lead_id("whale", "bob"),
        past,
        None,
        key_of("bob-0"),
        '{"event_id": "bob-0"}',
    ]
    change_activities("whale", INSERT_ACTIVITY, again)
    know(worker, "whale", "bob-0", days=3)

    assert "nothing is done twice" not in faults(audit())


def test_actions_without_their_event_are_named(audit: Audit) -> None:
    change_activities(
        "minnow",
        INSERT_ACTIVITY,
        ["minnow", lead_id("minnow", "bob"), datetime.now(UTC), 1, uuid.uuid4(), '{"outcome": "done"}'],
    )

    ((tenant, fault),) = faults(audit())["nothing is done twice"]
    assert tenant == "minnow"
    assert fault.startswith("1 activities at ") and fault.endswith("without the event they belong to")


def test_an_id_that_the_ledger_let_in_twice_is_named(audit: Audit, worker: psycopg.Connection) -> None:
    know(worker, "minnow", "ada-0", days=1)

    ((tenant, fault),) = faults(audit())["nothing is done twice"]
    assert (tenant, fault.startswith("in the ledger of ")) == ("minnow", True)


def test_an_event_that_overtook_another_is_named(audit: Audit, log: Path) -> None:
    lines = log.read_text().splitlines()
    mine = [n for n, line in enumerate(lines) if '"whale"' in line and '"ada-' in line]
    lines[mine[0]], lines[mine[1]] = lines[mine[1]], lines[mine[0]]
    log.write_text("\n".join(lines) + "\n")

    result = audit()

    assert faults(result) == {
        "each lead's events are done in their order": [("whale", "executed before ada-1, which was accepted earlier")]
    }
    assert result["violations"][0]["examples"][0]["event"] == "ada-0"


def test_the_order_may_be_said_by_the_log(audit: Audit, log: Path) -> None:
    rows = [json.loads(line) | {"order": n} for n, line in enumerate(log.read_text().splitlines())]
    log.write_text("".join(json.dumps(row) + "\n" for row in reversed(rows)))

    assert audit()["passed"]


def test_activities_that_mix_are_named(audit: Audit) -> None:
    first, second = key_of("bob-0"), key_of("bob-1")
    move = "UPDATE campaigns_activity SET id = (SELECT max(id) FROM campaigns_activity WHERE event_key = %s) + 1000"
    change_activities("minnow", move + " WHERE event_key = %s AND step = 'count'", [second, first])

    assert [tenant for tenant, _ in faults(audit())["each lead's events are done in their order"]] == ["minnow"] * 2


def test_a_lead_of_another_tenant_is_named(audit: Audit) -> None:
    theirs = lead_id("minnow", "ada")
    change_activities(
        "whale",
        "UPDATE campaigns_activity SET lead_id = %s WHERE event_key = %s",
        [theirs, key_of("ada-2")],
    )

    assert faults(audit())["nothing crosses tenants"] == [("whale", "done to a lead of minnow")]


def test_another_lead_of_the_tenant_is_named(audit: Audit) -> None:
    change_activities(
        "whale",
        "UPDATE campaigns_activity SET lead_id = %s WHERE event_key = %s",
        [lead_id("whale", "bob"), key_of("ada-2")],
    )

    assert ("whale", "done to the lead bob") in faults(audit())["nothing crosses tenants"]


def test_a_campaign_of_another_tenant_is_named(audit: Audit, worker: psycopg.Connection) -> None:
    (theirs,) = worker.execute("SELECT id FROM campaigns_campaign WHERE tenant_id = 'minnow'").fetchone() or (0,)
    change_activities(
        "whale",
        "UPDATE campaigns_activity SET campaign_id = %s WHERE event_key = %s AND step = 'count'",
        [theirs, key_of("ada-2")],
    )

    assert faults(audit())["nothing crosses tenants"] == [("whale", "a campaign of another tenant took part")]


def test_an_event_that_was_executed_for_another_tenant_is_named(audit: Audit, log: Path) -> None:
    change_activities(
        "minnow",
        INSERT_ACTIVITY,
        ["minnow", lead_id("minnow", "bob"), datetime.now(UTC), None, key_of("strayed"), '{"event_id": "strayed"}'],
    )
    with log.open("a") as lines:
        lines.write(json.dumps({"tenant": "whale", "lead": "bob", "id": "strayed"}) + "\n")

    found = faults(audit())

    assert found["nothing crosses tenants"] == [("whale", "executed for minnow")]
    assert found["nothing is lost"] == [("whale", "it is nowhere")]


def test_an_effect_that_the_ledger_does_not_know_is_named(audit: Audit, worker: psycopg.Connection) -> None:
    worker.execute("DELETE FROM engine_ledger WHERE tenant_id = 'whale' AND event_key = %s", [key_of("ada-1")])

    assert faults(audit()) == {"the ledger agrees": [("whale", "executed, but not in the ledger")]}


def test_dead_letters_that_the_ledger_contradicts_are_named(audit: Audit, worker: psycopg.Connection) -> None:
    bury(worker, "minnow", "ada", "ada-1")
    bury(worker, "whale", "eve", "unknown")

    assert sorted(faults(audit())["the ledger agrees"]) == [
        ("minnow", "a dead letter, but also executed"),
        ("whale", "a dead letter, but not in the ledger"),
    ]


def test_every_violation_is_counted_and_five_are_named(audit: Audit, worker: psycopg.Connection) -> None:
    worker.execute("DELETE FROM engine_ledger")

    (broken,) = audit()["violations"]

    assert (broken["count"], len(broken["examples"])) == (12, 5)


def test_people_read_figures_and_verdict(audit: Audit, log: Path, worker: psycopg.Connection) -> None:
    printed = io.StringIO()
    call_command("audit", "--accepted", str(log), stdout=printed)
    assert "✓ nothing is lost" in printed.getvalue()
    assert " 14  events accepted" in printed.getvalue()
    worker.execute("DELETE FROM engine_ledger WHERE tenant_id = 'whale'")

    with pytest.raises(SystemExit) as end:
        call_command("audit", stdout=printed)

    assert end.value.code == 1
    assert "✗ the ledger agrees: broken 6 times" in printed.getvalue()
    lines = [line.strip() for line in printed.getvalue().splitlines() if "executed, but not in the ledger" in line]
    assert len(lines) == 5 and all(line.startswith("tenant whale, lead ") for line in lines)


def test_a_log_that_is_none_is_refused(audit: Audit, log: Path) -> None:
    log.write_text('{"tenant": "whale", "lead": "ada"}\n')
    with pytest.raises(CommandError, match=r"accepted\.ndjson:1: expected an object with tenant, lead and id"):
        call_command("audit", "--accepted", str(log), stdout=io.StringIO())
    with pytest.raises(CommandError, match="no audit: "):
        call_command("audit", "--accepted", str(log.with_name("missing")), stdout=io.StringIO())


def test_a_long_lane_is_read_to_its_head(audit: Audit, shops: dict[str, Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "CHUNK", 3)
    accept("whale", [{"lead": "cyd", "type": "note"} for _ in range(10)], "api", datetime.now(UTC))

    assert audit()["figures"]["waiting"] == 12


def bury(worker: psycopg.Connection, tenant: str, lead: str, id: str) -> None:
    worker.execute(
        "INSERT INTO engine_deadletter (tenant_id, lane, lead, event_id, event_type, payload, error, attempts,"
        " created_at) VALUES (%s, 0, %s, %s, 'purchase', '', 'doctored', 1, now())",
        [tenant, lead, id],
    )


def know(worker: psycopg.Connection, tenant: str, id: str, days: int = 0) -> None:
    worker.execute(
        "INSERT INTO engine_ledger SELECT %s, %s, (now() AT TIME ZONE 'UTC')::date - %s::int",
        [tenant, key_of(id), days],
    )


def test_what_was_spilled_waits(audit: Audit, shops: dict[str, Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "CHUNK", 3)
    before = audit()["figures"]["waiting"]
    with broker_down(monkeypatch):
        for tenant, count in {"whale": 7, "minnow": 2}.items():
            accept(tenant, [{"lead": str(n), "type": "note"} for n in range(count)], "api", datetime.now(UTC))

    assert audit()["figures"]["waiting"] == before + 9
    assert audit("--tenant", "minnow")["figures"]["waiting"] >= 2


def test_a_retried_event_was_accepted_anew(audit: Audit, log: Path, worker: psycopg.Connection) -> None:
    lines = log.read_text().splitlines()
    mine = [n for n, line in enumerate(lines) if '"whale"' in line and '"ada-' in line]
    lines[mine[0]], lines[mine[1]] = lines[mine[1]], lines[mine[0]]
    log.write_text("\n".join(lines) + "\n")
    assert not audit()["passed"]
    bury(worker, "whale", "ada", "ada-1")
    worker.execute("UPDATE engine_deadletter SET ended = 'retried', ended_at = now()")

    assert audit()["passed"]
