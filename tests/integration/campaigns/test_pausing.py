"""Pausing, resuming and emptying a campaign: what becomes of those inside and of those who would enter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from campaigns import inside, operations, runs
from campaigns.models import Campaign
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.bundling import NOW, due, execute, purchase
from tests.integration.campaigns.world import ACME, ZETA, make_campaign, make_tenant

DAY = timedelta(days=1)
WAIT = {"id": "wait", "action": "wait_duration", "params": {"wait": {"amount": 1, "unit": "days"}}}
NOTE = {"id": "note", "action": "add_note", "params": {"text": "went on"}}
DOCUMENT = {"triggers": [{"type": "event", "event": "purchase"}], "steps": [WAIT, NOTE]}


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
        with tenant_context(tenant):
            make_campaign(tenant, "late", DOCUMENT)


def late(tenant: str = ACME) -> Campaign:
    with tenant_context(tenant):
        return Campaign.objects.get(key="late")


def enter(worker: psycopg.Connection, *leads: str, now: datetime = NOW) -> None:
    for tenant in (ACME, ZETA):
        execute(worker, [purchase(tenant, lead, f"{lead}-{now.isoformat()}", now) for lead in leads], now)


def pass_time(worker: psycopg.Connection, pushed: list[Event], now: datetime) -> None:
    """Tend the runs, and execute what that pushes."""
    pushed.clear()
    inside.tend(worker, now)
    runs.wake_due(worker, now)
    for tenant in (ACME, ZETA):
        execute(worker, due(pushed, tenant), now)


def went_on(worker: psycopg.Connection) -> dict[str, int]:
    rows = worker.execute(
        "SELECT tenant_id, count(*) FROM campaigns_activity WHERE kind = 'note_added' GROUP BY tenant_id"
    )
    return dict(rows.fetchall())


def resting(worker: psycopg.Connection, tenant: str = ACME) -> int:
    query = "SELECT count(*) FROM campaigns_parkedrun WHERE tenant_id = %s AND campaign_id > 0"
    ((count,),) = worker.execute(query, [tenant]).fetchall()
    return count


def test_frozen_runs_rest_and_go_on_when_the_campaign_is_resumed(
    worker: psycopg.Connection, pushed: list[Event]
) -> None:
    enter(worker, "1", "2")
    operations.pause(late())
    enter(worker, "3", now=NOW + timedelta(hours=1))
    pass_time(worker, pushed, NOW + DAY)
    assert (went_on(worker), resting(worker)) == ({ZETA: 2}, 2)
    (found,) = inside.count_inside(late())
    assert (found.step, found.runs, found.held) == ("wait", 2, 2)

    operations.resume(late())
    pass_time(worker, pushed, NOW + 2 * DAY)
    assert (went_on(worker)[ACME], resting(worker)) == (2, 0)


def test_runs_that_are_overdue_after_a_pause_can_be_ended(worker: psycopg.Connection, pushed: list[Event]) -> None:
    enter(worker, "1")
    operations.pause(late())
    pass_time(worker, pushed, NOW + DAY)
    operations.resume(late(), overdue="end")
    pass_time(worker, pushed, NOW + 2 * DAY)
    assert (went_on(worker), resting(worker)) == ({ZETA: 1}, 0)
    assert ended(worker) == ["overdue after a pause"]


def test_who_came_during_a_pause_that_collects_begins_when_it_is_over(
    worker: psycopg.Connection, pushed: list[Event]
) -> None:
    operations.pause(late(), "collect")
    enter(worker, "1")
    enter(worker, "1", now=NOW + timedelta(hours=1))
    assert resting(worker) == 1
    pass_time(worker, pushed, NOW + DAY)
    assert went_on(worker) == {ZETA: 1}

    operations.resume(late())
    pass_time(worker, pushed, NOW + 2 * DAY)
    assert resting(worker) == 1  # at its wait now, which begins now
    pass_time(worker, pushed, NOW + 3 * DAY)
    assert (went_on(worker)[ACME], resting(worker)) == (1, 0)


def test_who_came_during_a_pause_that_collects_was_never_inside_and_so_is_not_overdue(
    worker: psycopg.Connection, pushed: list[Event]
) -> None:
    enter(worker, "1")
    operations.pause(late(), "collect")
    enter(worker, "2", "3", now=NOW + timedelta(hours=1))
    pass_time(worker, pushed, NOW + DAY)
    (found,) = inside.count_inside(late())
    assert (found.runs, found.held, found.at_door) == (3, 1, 2)

    operations.resume(late(), overdue="end")
    pass_time(worker, pushed, NOW + 2 * DAY)
    assert (ended(worker), resting(worker)) == (["overdue after a pause"], 2)
    pass_time(worker, pushed, NOW + 3 * DAY)
    assert (went_on(worker), resting(worker)) == ({ZETA: 3, ACME: 2}, 0)


def test_a_campaign_that_drains_lets_nobody_in_and_everybody_out(
    worker: psycopg.Connection, pushed: list[Event]
) -> None:
    enter(worker, "1")
    operations.pause(late(), "drain")
    enter(worker, "2", now=NOW + timedelta(hours=1))
    pass_time(worker, pushed, NOW + DAY)
    assert (went_on(worker)[ACME], resting(worker)) == (1, 0)


@pytest.mark.parametrize("how", ["end", "abort", "archive"])
def test_who_is_inside_an_emptied_campaign_is_out_at_once(
    worker: psycopg.Connection, pushed: list[Event], how: str
) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=1)
    enter(worker, "1", "2", now=long_ago)
    {"end": lambda: operations.pause(late(), "end"), "abort": lambda: operations.abort(late()),
     "archive": lambda: operations.archive(late())}[how]()  # fmt: skip

    runs.wake_due(worker, long_ago + DAY)  # before anybody has removed them
    execute(worker, [event for event in pushed if event.type == "run.due" and event.tenant == ACME], long_ago + DAY)
    assert went_on(worker) == {}

    pass_time(worker, pushed, datetime.now(UTC))
    assert (resting(worker), resting(worker, ZETA)) == (0, 2)


def test_an_emptied_campaign_that_runs_takes_new_leads(worker: psycopg.Connection, pushed: list[Event]) -> None:
    enter(worker, "1", now=datetime.now(UTC) - timedelta(minutes=1))
    operations.abort(late())
    after = datetime.now(UTC) + timedelta(seconds=1)
    enter(worker, "2", now=after)
    pass_time(worker, pushed, datetime.now(UTC))
    assert resting(worker) == 1
    assert ended(worker) == ["the campaign was emptied"]


def ended(worker: psycopg.Connection) -> list[str]:
    rows = worker.execute(
        "SELECT data->>'ended' FROM campaigns_activity WHERE kind = 'run_ended' AND tenant_id = %s ORDER BY id", [ACME]
    )
    return [reason for (reason,) in rows.fetchall()]


@pytest.mark.parametrize(("call", "words"), [("pause", "way to pause"), ("resume", "way to resume")])
def test_an_unknown_way_is_refused(call: str, words: str) -> None:
    with pytest.raises(operations.Refused, match=words):
        getattr(operations, call)(late(), "sideways")


def test_nobody_is_inside_a_draft() -> None:
    with tenant_context(ACME):
        draft: Any = Campaign.objects.create(tenant_id=ACME, key="draft", name="Draft")
    with pytest.raises(operations.WrongState):
        operations.abort(draft)


WAITING = {
    "id": "wait",
    "action": "wait_for_event",
    "params": {
        "branches": [{"label": "bought", "trigger": {"type": "event", "event": "purchase"}, "steps": [NOTE]}],
        "timeout": {"amount": 30, "unit": "days"},
    },
}


WAITING_FOR_SCORE = {
    "id": "wait",
    "action": "wait_for_condition",
    "params": {
        "rule": {"field": "score", "operator": "at_least", "value": 50},
        "timeout": {"amount": 30, "unit": "days"},
    },
}


def test_a_condition_that_comes_true_during_a_freeze_of_the_lead_counts_once_as_it_ends(
    worker: psycopg.Connection, pushed: list[Event]
) -> None:
    publish_everywhere(WAITING_FOR_SCORE, NOTE)
    enter(worker, "1")
    until = NOW + timedelta(minutes=30)
    worker.execute("UPDATE campaigns_lead SET frozen_until = %s WHERE key = '1' AND tenant_id = %s", [until, ACME])
    worker.execute("UPDATE campaigns_lead SET score = 60 WHERE key = '1'")
    enter(worker, "1", now=NOW + timedelta(minutes=10))
    assert (went_on(worker), resting(worker)) == ({ZETA: 1}, 1)

    pass_time(worker, pushed, until)
    assert (went_on(worker), resting(worker)) == ({ZETA: 1, ACME: 1}, 0)
    execute(worker, due(pushed, ACME), until)  # told again
    assert went_on(worker) == {ZETA: 1, ACME: 1}


def publish_everywhere(*steps: dict[str, Any]) -> None:
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            campaign = late(tenant)
            campaign.draft = {**DOCUMENT, "steps": list(steps)}
            campaign.save()
            operations.publish(campaign, by="ann")


def wait_for_a_second_purchase(worker: psycopg.Connection) -> None:
    """Each lead has bought once, and is inside."""
    publish_everywhere(WAITING)
    enter(worker, "1")


@pytest.mark.parametrize("overdue", ["run", "end"])
def test_what_happened_during_a_pause_counts_as_soon_as_it_is_over(
    worker: psycopg.Connection, pushed: list[Event], overdue: str
) -> None:
    wait_for_a_second_purchase(worker)
    operations.pause(late())
    enter(worker, "1", now=NOW + timedelta(hours=1))
    assert went_on(worker) == {ZETA: 1}
    (found,) = inside.count_inside(late())
    assert (found.runs, found.held) == (1, 0)  # its time has not come

    operations.resume(late(), overdue)
    pass_time(worker, pushed, NOW + timedelta(hours=2))
    assert (went_on(worker), resting(worker)) == ({ZETA: 1, ACME: 1}, 0)


CALL = [{"id": "call", "action": "execute_campaign", "params": {"campaign": "inner"}}]
JOIN = [
    {"id": "ask", "action": "request_campaign", "params": {"campaign": "inner"}},
    {"id": "join", "action": "join", "params": {"campaigns": ["inner"], "timeout": {"amount": 30, "unit": "days"}}},
]


@pytest.mark.parametrize("steps", [CALL, JOIN], ids=["execute_campaign", "join"])
def test_who_waits_for_a_run_of_a_campaign_that_is_emptied_goes_on(
    worker: psycopg.Connection, pushed: list[Event], steps: list[Any]
) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=1)
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            make_campaign(tenant, "inner", {**DOCUMENT, "triggers": [{"type": "campaign_requested"}], "steps": [WAIT]})
            outer = late(tenant)
            outer.draft = {**DOCUMENT, "steps": [*steps, NOTE]}
            outer.save()
            operations.publish(outer, by="ann")
    enter(worker, "1", now=long_ago)
    assert (resting(worker), resting(worker, ZETA)) == (2, 2)
    with tenant_context(ACME):
        operations.abort(Campaign.objects.get(key="inner"))
    pass_time(worker, pushed, datetime.now(UTC))
    assert (went_on(worker), resting(worker), resting(worker, ZETA)) == ({ACME: 1}, 0, 2)
