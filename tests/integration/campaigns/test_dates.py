"""Dates that are reached: planned a day ahead, told in time, once whatever breaks off, each tenant for itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from campaigns import operations, planning
from campaigns.models import Campaign, DuePlan, Lead
from campaigns.tenancy import tenant_context
from engine import enqueue, outbox
from engine.errors import LaneFull
from engine.types import Event
from tests.integration.campaigns.carrying import purchase
from tests.integration.campaigns.dated import DAY, HOUR, NOTE, add_leads, execute, noted, plan, planned, publish, tick
from tests.integration.campaigns.world import ACME, ZETA

RENEWAL = {"type": "date_reached", "field": "renewal"}


def test_each_lead_is_told_on_its_own_day_and_nobody_twice(
    dated: psycopg.Connection, pushed: list[Event], now: datetime
) -> None:
    publish(ACME, RENEWAL)
    add_leads(
        dated, ACME, soon=now + HOUR, tomorrow=now + DAY + 3 * HOUR, past=now - HOUR, never=None, far=now + 9 * DAY
    )
    add_leads(dated, ZETA, soon=now + HOUR)
    pushed.clear()

    told = {hours: tick(dated, pushed, now + hours * HOUR) for hours in range(0, 60, 3)}

    assert {hours: keys for hours, keys in told.items() if keys} == {3: ["soon"], 27: ["tomorrow"]}
    assert noted(dated) == [(ACME, "soon"), (ACME, "tomorrow")]


def test_both_tenants_campaigns_are_planned_each_with_its_own_leads(
    dated: psycopg.Connection, pushed: list[Event], now: datetime
) -> None:
    for tenant, hours in ((ACME, 1), (ZETA, 2)):
        publish(tenant, RENEWAL)
        add_leads(dated, tenant, **{f"{tenant}-{n}": now + hours * HOUR for n in range(5)})
    pushed.clear()

    plan(dated, now)
    plan(dated, now + planning.CHECKED_AFTER)
    assert len(tick(dated, pushed, now + HOUR)) == 5
    assert {tenant for tenant, _ in noted(dated)} == {ACME}
    assert len(tick(dated, pushed, now + 2 * HOUR)) == 5
    assert len(noted(dated)) == 10


def test_what_was_past_at_publication_is_not_told(
    dated: psycopg.Connection, pushed: list[Event], now: datetime
) -> None:
    add_leads(dated, ACME, past=now - HOUR)
    publish(ACME, RENEWAL)
    plan(dated, now)
    assert planned(ACME) == {}


def change(tenant: str, key: str, value: datetime | None) -> None:
    with tenant_context(tenant):
        found = Lead.objects.get(key=key)
        found.fields = {} if value is None else {"renewal": value.isoformat()}
        found.save(update_fields=["fields"])


def hear(dated: psycopg.Connection, tenant: str, pushed: list[Event], now: datetime) -> None:
    """What a change in the admin led to arrives in the lead's lane."""
    outbox._push_tenant(tenant)
    execute(dated, pushed, now)


@pytest.mark.parametrize(
    ("hours", "then"),
    [(2, {"anna": 2}), (30, {"anna": 30}), (400, {}), (None, {}), (-3, {})],
)
def test_a_date_that_a_person_changes_is_followed(
    dated: psycopg.Connection, pushed: list[Event], now: datetime, hours: int | None, then: dict[str, int]
) -> None:
    publish(ACME, RENEWAL)
    add_leads(dated, ACME, anna=now + HOUR, other=now + HOUR)
    plan(dated, now)
    change(ACME, "anna", None if hours is None else now + hours * HOUR)
    hear(dated, ACME, pushed, now)

    assert planned(ACME) == {key: now + at * HOUR for key, at in ({"other": 1} | then).items()}
    assert tick(dated, pushed, now + HOUR) == ["other"]
    assert noted(dated) == [(ACME, "other")]


def test_a_date_that_a_step_sets_is_followed(dated: psycopg.Connection, pushed: list[Event], now: datetime) -> None:
    publish(ACME, RENEWAL)
    at = now + 2 * HOUR
    params = {"field": "renewal", "value": at.isoformat()}
    publish(
        ACME,
        {"type": "event", "event": "purchase"},
        steps=[{"id": "a", "action": "change_field", "params": params}],
        key="buy",
    )
    plan(dated, now)
    execute(dated, [purchase(ACME, "new")], now)

    assert planned(ACME) == {"new": at}
    assert tick(dated, pushed, at) == ["new"]
    assert noted(dated) == [(ACME, "new")]


def test_a_date_that_changed_while_its_event_was_under_way_is_not_told(
    dated: psycopg.Connection, pushed: list[Event], now: datetime
) -> None:
    publish(ACME, RENEWAL)
    add_leads(dated, ACME, anna=now + HOUR)
    plan(dated, now)
    planning.tell_due(dated, now + HOUR)
    dated.execute(
        "UPDATE campaigns_lead SET fields = jsonb_build_object('renewal', %s::text) WHERE key = 'anna'",
        [(now + 5 * HOUR).isoformat()],
    )

    execute(dated, pushed, now + HOUR)

    assert noted(dated) == []
    assert planned(ACME) == {"anna": now + 5 * HOUR}  # the event had it looked at again
    assert tick(dated, pushed, now + 5 * HOUR) == ["anna"]
    assert noted(dated) == [(ACME, "anna")]


def test_who_was_told_and_not_removed_is_told_twice_and_acts_once(
    dated: psycopg.Connection, pushed: list[Event], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(ACME, RENEWAL)
    add_leads(dated, ACME, anna=now + HOUR)
    plan(dated, now)
    with monkeypatch.context() as patch:
        patch.setitem(planning.QUERIES, "delete_dues_told", "SELECT 1 / 0 WHERE %s <> %s || %s || %s || %s")
        with pytest.raises(psycopg.errors.DivisionByZero):  # the process ends between the push and the commit
            planning.tell_due(dated, now + HOUR)
    assert planned(ACME) == {"anna": now + HOUR}
    planning.tell_due(dated, now + HOUR)

    assert [event.lead for event in pushed] == ["anna", "anna"]
    assert planned(ACME) == {}
    execute(dated, pushed, now + HOUR)
    assert noted(dated) == [(ACME, "anna")]


def test_planning_again_changes_nothing(dated: psycopg.Connection, pushed: list[Event], now: datetime) -> None:
    """As a crash in the midst of it, and the second look a minute after publication."""
    publish(ACME, RENEWAL)
    add_leads(dated, ACME, anna=now + 1 * HOUR)
    plan(dated, now)
    assert tick(dated, pushed, now + HOUR) == ["anna"]  # planned anew by the second look, told again, done once
    assert tick(dated, pushed, now + 2 * HOUR) == []
    assert noted(dated) == [(ACME, "anna")]
    with tenant_context(ACME):
        assert DuePlan.objects.get(campaign__key="renew").checked


def test_what_maintenance_missed_is_told_late_but_not_after_a_day(
    dated: psycopg.Connection, pushed: list[Event], now: datetime
) -> None:
    publish(ACME, RENEWAL)
    add_leads(dated, ACME, planned=now + HOUR, unplanned=now + 40 * HOUR, lost=now + 2 * HOUR)
    plan(dated, now)

    assert sorted(tick(dated, pushed, now + 25 * HOUR + HOUR / 2)) == ["lost"]
    tick(dated, pushed, now + 27 * HOUR)
    assert tick(dated, pushed, now + 63 * HOUR) == ["unplanned"]


def test_a_full_lane_is_told_later_and_keeps_nobody_else(
    dated: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    for tenant in (ACME, ZETA):
        publish(tenant, RENEWAL)
        add_leads(dated, tenant, **{f"{tenant}-{n}": now + HOUR for n in range(3)})
    plan(dated, now)
    taken: list[Event] = []

    def push(events: Sequence[Event]) -> None:
        taken.extend(event for event in events if event.tenant == ZETA)
        raise LaneFull([event for event in events if event.tenant == ACME])

    monkeypatch.setattr(planning, "TOLD_AT_ONCE", 3)
    monkeypatch.setattr(enqueue, "push", push)
    planning.tell_due(dated, now + HOUR)
    assert len(taken) == 3
    assert (len(planned(ACME)), len(planned(ZETA))) == (3, 0)


def test_a_new_version_forgets_what_the_old_one_planned(
    dated: psycopg.Connection, pushed: list[Event], now: datetime
) -> None:
    campaign = publish(ACME, RENEWAL)
    add_leads(dated, ACME, anna=now + HOUR)
    plan(dated, now)
    later = {**RENEWAL, "offset": {"amount": 2, "unit": "hours"}}
    with tenant_context(ACME):
        Campaign.objects.filter(pk=campaign.pk).update(draft={"triggers": [later], "steps": [NOTE]})
        operations.publish(Campaign.objects.get(pk=campaign.pk), by="ann")

    assert tick(dated, pushed, now + HOUR) == []
    assert tick(dated, pushed, now + 3 * HOUR) == ["anna"]
    assert noted(dated) == [(ACME, "anna")]


@pytest.mark.parametrize(("verb", "told"), [(operations.archive, []), (operations.pause, [])])
def test_who_is_not_let_in_is_not_told(
    dated: psycopg.Connection, pushed: list[Event], now: datetime, verb: Any, told: list[str]
) -> None:
    campaign = publish(ACME, RENEWAL)
    add_leads(dated, ACME, anna=now + HOUR)
    plan(dated, now)
    verb(campaign)
    assert tick(dated, pushed, now + HOUR) == told
    assert planned(ACME) == {}


def test_deleted_leads_are_not_told(dated: psycopg.Connection, pushed: list[Event], now: datetime) -> None:
    publish(ACME, RENEWAL)
    add_leads(dated, ACME, anna=now + HOUR)
    plan(dated, now)
    dated.execute("UPDATE campaigns_lead SET deleted_at = now() WHERE key = 'anna'")
    assert tick(dated, pushed, now + HOUR) == []
    assert planned(ACME) == {}


def test_tenants_without_such_campaigns_have_nothing_planned(dated: psycopg.Connection, now: datetime) -> None:
    with tenant_context(ZETA):
        assert not DuePlan.objects.filter(version__gt=0).exists()
    assert planning.plan(dated, now) == 0


def test_the_lead_moves_and_its_birthday_with_it(dated: psycopg.Connection, pushed: list[Event], now: datetime) -> None:
    """At nine, where the lead is; west of where it was that is later."""
    publish(ACME, {"type": "date_reached", "field": "birthday", "yearly": True, "at": "09:00", "zone": "lead"})
    day = (now + DAY).date()
    fields = {"birthday": f"2000-{day:%m-%d}", "timezone": "Asia/Tokyo"}
    with tenant_context(ACME):
        Lead.objects.create(tenant_id=ACME, key="anna", fields=fields)
    hear(dated, ACME, pushed, now)
    nine = datetime(day.year, day.month, day.day, tzinfo=UTC)  # in Tokyo
    assert planned(ACME) == {"anna": nine}

    with tenant_context(ACME):
        Lead.objects.filter(key="anna").update(fields={**fields, "timezone": "Etc/GMT+10"})
    assert tick(dated, pushed, nine) == ["anna"]
    assert noted(dated) == []
    assert planned(ACME) == {"anna": nine + 19 * HOUR}
    assert tick(dated, pushed, nine + 19 * HOUR) == ["anna"]
    assert noted(dated) == [(ACME, "anna")]


def test_who_wins_a_merge_is_told_of_the_date_it_took_over_and_who_lost_is_not(
    dated: psycopg.Connection, pushed: list[Event], now: datetime
) -> None:
    publish(ACME, RENEWAL)
    merge = {"id": "merge", "action": "merge_leads", "params": {"others": ["loser"]}}
    publish(ACME, {"type": "event", "event": "purchase"}, steps=[merge], key="merge")
    add_leads(dated, ACME, loser=now + HOUR, winner=None)
    plan(dated, now)
    execute(dated, [purchase(ACME, "winner")], now)
    execute(dated, pushed, now)  # the merge itself

    assert planned(ACME) == {"loser": now + HOUR, "winner": now + HOUR}
    assert tick(dated, pushed, now + HOUR) == ["winner"]
    assert noted(dated) == [(ACME, "winner")]


def test_who_is_restored_is_planned_anew(dated: psycopg.Connection, pushed: list[Event], now: datetime) -> None:
    publish(ACME, RENEWAL)
    restore = {"id": "back", "action": "restore_lead", "params": {}}
    publish(ACME, {"type": "event", "event": "purchase"}, steps=[restore], key="back")
    add_leads(dated, ACME, anna=now + 2 * HOUR)
    gone = "UPDATE campaigns_lead SET deleted_at = %s, restorable_until = %s WHERE key = 'anna'"
    dated.execute(gone, [now - HOUR, now + DAY])
    plan(dated, now)
    assert planned(ACME) == {}
    execute(dated, [purchase(ACME, "anna")], now)

    assert planned(ACME) == {"anna": now + 2 * HOUR}
    assert tick(dated, pushed, now + 2 * HOUR) == ["anna"]
    assert noted(dated) == [(ACME, "anna")]
