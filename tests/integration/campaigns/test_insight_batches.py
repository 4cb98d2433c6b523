"""What explain and rehearse say of batches, each of its own tenant's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from campaigns import operations
from campaigns.explaining import Explanation, explain
from campaigns.models import Batch, Campaign, Lead
from campaigns.rehearsals import Rehearsed, rehearse
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.bundling import NOW, execute, purchase
from tests.integration.campaigns.newsletter import (
    NOTE,
    ODD,
    add_leads,
    document,
    news,
    seen,
    set_up,
    start,
    turns,
)
from tests.integration.campaigns.world import ACME, ZETA

DAY = timedelta(days=1)
BOUGHT = {"activity": "purchase", "count": {"at_least": 1}}


@pytest.fixture
def worker(clean: None, worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> psycopg.Connection:
    set_up(worker, monkeypatch)
    return worker


def ask(lead: str) -> Explanation:
    return explain(ACME, "news", lead)


def last(lead: str) -> str:
    found = ask(lead).batches
    assert found is not None and found.last is not None
    return found.last.lead.partition(" the batch")[0] + found.last.lead.partition("UTC")[2]


def draft(audience: Any = ODD, **more: Any) -> None:
    with tenant_context(ACME):
        Campaign.objects.filter(key="news").update(draft=document(audience) | more)


def play(days: float = 10) -> Rehearsed:
    return rehearse(ACME, "news", since=NOW - days * DAY, until=NOW, leads=100)


# -- explain


def test_who_would_be_a_member_is_said_with_what_each_node_found(worker: psycopg.Connection) -> None:
    yes, no = ask("1"), ask("2")

    assert yes.verdict == "No batch was started yet. Asked now, the audience says yes."
    assert no.verdict == (
        'No batch was started yet. Asked now, the audience says no: audience wants {"field":"orders",'
        '"value":[1,3,5,7,9],"operator":"is"} and found 2.'
    )
    assert yes.batches is not None and (yes.batches.matches, yes.batches.next_at) == (True, None)
    assert no.batches is not None and no.batches.audience is not None and no.batches.audience.value == 2


def test_what_a_lead_has_to_do_with_the_last_batch_is_said_at_each_stage(
    worker: psycopg.Connection, pushed: list[Event]
) -> None:
    batch, other = start(), start(ZETA)
    assert last("1") == "is not looked at yet by"
    until(worker, batch, lambda found: found.state == "sending")
    assert last("1") == "is a member of, and is told soon"
    assert last("2") == "was no member of, or was told and its event still waits"
    until(worker, batch, lambda found: found.sent == 2)
    execute(worker, [event for event in pushed if event.tenant == ACME])
    assert last("1") == "was told by"
    assert "Told by a batch, it set the campaign off." in ask("1").verdict
    add_leads(worker, ACME, 11, 11)
    assert last("11").startswith("was created after")
    until(worker, batch, lambda found: found.due_at is None)
    assert last("2") == "was no member of"
    assert explain(ZETA, "news", "1").batches.last.id == other.pk  # type: ignore[union-attr]


def until(worker: psycopg.Connection, batch: Batch, holds: Callable[[Batch], bool]) -> None:
    turns(worker, lambda: holds(seen(batch)))


def test_the_next_batch_is_said_and_a_campaign_without_an_audience_says_nothing(worker: psycopg.Connection) -> None:
    draft(schedule={"rule": "FREQ=DAILY;BYHOUR=9", "starts": "2026-01-01T00:00", "zone": "UTC"})
    with tenant_context(ACME):
        operations.publish(Campaign.objects.get(key="news"), by="ann")
        planned = Campaign.objects.get(key="news").next_batch_at

    found = ask("2")
    assert planned is not None and found.batches is not None and found.batches.next_at == planned
    assert found.verdict.endswith(f"The next batch is planned for {planned.isoformat()}.")
    assert explain(ACME, "count", "2").batches is None


def test_a_deleted_lead_is_in_no_audience(worker: psycopg.Connection) -> None:
    with tenant_context(ACME):
        Lead.objects.filter(key="1").update(deleted_at=NOW)
    assert ask("1").verdict.endswith("the audience says no: the lead was deleted or merged.")


def test_an_audience_by_history_counts_it(worker: psycopg.Connection) -> None:
    draft(BOUGHT)
    with tenant_context(ACME):
        operations.publish(news(), by="ann")
    execute(worker, [purchase(ACME, "2")])
    assert [ask(lead).batches.matches for lead in "12"] == [False, True]  # type: ignore[union-attr]


# -- rehearse


def test_a_draft_is_run_for_the_audience_as_of_the_beginning(worker: psycopg.Connection) -> None:
    found = play()

    assert (found.draft.batches, found.draft.members, found.draft.steps) == (1, 5, {"note": {"done": 5}})
    with tenant_context(ACME):
        assert not Batch.objects.exists()


def test_the_audience_is_as_it_was_then_not_as_it_is(worker: psycopg.Connection) -> None:
    buy(worker, "2", NOW - 5 * DAY)  # orders become 3
    draft()
    assert play(10).draft.members == 5
    assert play(3).draft.members == 6


def buy(worker: psycopg.Connection, lead: str, at: datetime) -> None:
    """The campaign “count” adds one to the orders."""
    execute(worker, [purchase(ACME, lead, f"p{lead}", at)], at)


def test_a_schedule_starts_batches_at_its_times_within_the_window(worker: psycopg.Connection) -> None:
    buy(worker, "2", NOW - 2.5 * DAY)
    draft(schedule={"rule": "FREQ=DAILY", "starts": f"{NOW:%Y-01-01T%H:%M}", "zone": "UTC"})

    found = play(4.5)

    assert found.draft.batches == 5 - (NOW.second == 0)
    assert found.live is not None and found.live.batches == 1
    # 5 odd ones each day, one more after the purchase
    assert found.draft.members == 5 * found.draft.batches + members_after(found)


def members_after(found: Rehearsed) -> int:
    return found.draft.batches - 2


def test_an_audience_by_history_has_what_had_happened_by_then(worker: psycopg.Connection) -> None:
    buy(worker, "2", NOW - 5 * DAY)
    buy(worker, "4", NOW - 1 * DAY)
    draft(BOUGHT)
    assert [play(days).draft.members for days in (6, 3, 0.5)] == [0, 1, 2]


def test_batches_that_really_were_are_not_played_again(worker: psycopg.Connection, pushed: list[Event]) -> None:
    batch = start()
    until(worker, batch, lambda found: found.due_at is None)
    execute(worker, [event for event in pushed if event.tenant == ACME], datetime.now(UTC))
    found = rehearse(ACME, "news", since=NOW - DAY, until=datetime.now(UTC) + DAY, leads=100)
    assert (found.draft.runs, found.draft.members) == (5, 5)


def test_a_wait_after_a_batch_ends_by_the_virtual_clock(worker: psycopg.Connection) -> None:
    wait = {"id": "wait", "action": "wait_duration", "params": {"wait": {"amount": 2, "unit": "days"}}}
    draft(steps=[wait, NOTE])
    assert play(3).draft.steps == {"wait": {"deferred": 5, "done": 5}, "note": {"done": 5}}
    assert play(1).draft.inside == 5


def test_the_rehearsal_of_one_tenant_knows_no_leads_of_another(worker: psycopg.Connection) -> None:
    add_leads(worker, ZETA, 11, 30)
    draft({"field": "orders", "operator": "at_least", "value": 1})
    assert play().draft.members == 10
