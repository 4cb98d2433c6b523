"""Leads that fall silent: told once for each silence, never of one that was broken, each tenant for itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import psycopg

from campaigns import planning
from campaigns.explaining import explain
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.carrying import purchase
from tests.integration.campaigns.dated import DAY, HOUR, execute, noted, plan, planned, publish, tick
from tests.integration.campaigns.world import ACME, ZETA

QUIET = {"type": "inactivity", "period": {"amount": 5, "unit": "days"}, "events": ["purchase"]}


def buy(dated: psycopg.Connection, tenant: str, lead: str, at: datetime, *, heard_at: datetime | None = None) -> None:
    event = purchase(tenant, lead, id=f"{lead}-{at}")
    execute(dated, [msgspec.structs.replace(event, occurred_at=at)], heard_at or at)


def days(dated: psycopg.Connection, pushed: list[Event], now: datetime, first: int, last: int) -> dict[int, list[str]]:
    """Maintenance twice a day. Returns who was told, by half days."""
    found = {half: sorted(tick(dated, pushed, now + half * DAY / 2 + HOUR / 2)) for half in range(first, last)}
    return {half: keys for half, keys in found.items() if keys}


def test_a_silence_is_told_once_and_the_next_one_again(
    dated: psycopg.Connection,
    pushed: list[Event],
    now: datetime,
) -> None:
    publish(ACME, QUIET)
    for tenant in (ACME, ZETA):
        buy(dated, tenant, "anna", now)

    assert days(dated, pushed, now, 0, 16) == {10: ["anna"]}
    assert noted(dated) == [(ACME, "anna")]
    buy(dated, ACME, "anna", now + 8 * DAY)
    assert days(dated, pushed, now, 16, 40) == {26: ["anna"]}
    assert noted(dated) == [(ACME, "anna")] * 2


def test_what_happens_in_time_breaks_the_silence(
    dated: psycopg.Connection,
    pushed: list[Event],
    now: datetime,
) -> None:
    publish(ACME, QUIET)
    for key in ("anna", "bert"):
        buy(dated, ACME, key, now)
    days(dated, pushed, now, 0, 10)
    assert planned(ACME).keys() == {"anna", "bert"}
    buy(dated, ACME, "anna", now + 4.8 * DAY)

    assert planned(ACME).keys() == {"bert"}
    assert days(dated, pushed, now, 10, 16) == {10: ["bert"]}
    assert days(dated, pushed, now, 16, 24) == {20: ["anna"]}


def test_an_event_in_the_lane_before_it_breaks_the_silence(
    dated: psycopg.Connection,
    pushed: list[Event],
    now: datetime,
) -> None:
    publish(ACME, QUIET)
    buy(dated, ACME, "anna", now)
    plan(dated, now + 4 * DAY)
    plan(dated, now + 4.5 * DAY)
    due = now + 5 * DAY
    planning.tell_due(dated, due + HOUR / 60)
    assert [event.type for event in pushed] == ["inactivity.reached"]
    buy(dated, ACME, "anna", due)
    execute(dated, pushed, due + HOUR / 60)
    assert noted(dated) == []


def test_a_lead_that_never_did_anything_is_silent_since_it_was_created(
    dated: psycopg.Connection,
    pushed: list[Event],
    now: datetime,
) -> None:
    publish(ACME, QUIET)
    dated.execute("INSERT INTO campaigns_lead (tenant_id, key) VALUES (%s, 'new')", [ACME])
    dated.execute(
        "INSERT INTO campaigns_lead (tenant_id, key, created_at) VALUES (%s, 'old', %s)", [ACME, now - 9 * DAY]
    )
    assert days(dated, pushed, now, 0, 24) == {10: ["new"]}  # what was over before publication is not told


def test_a_short_silence_is_planned_by_the_event_that_begins_it(
    dated: psycopg.Connection,
    pushed: list[Event],
    now: datetime,
) -> None:
    publish(ACME, {**QUIET, "period": {"amount": 1, "unit": "days"}})
    plan(dated, now)
    buy(dated, ACME, "anna", now + HOUR)
    assert planned(ACME) == {"anna": now + HOUR + DAY}
    buy(dated, ACME, "anna", now - 10 * DAY, heard_at=now + HOUR)  # it changes nothing
    assert planned(ACME) == {"anna": now + HOUR + DAY}
    assert tick(dated, pushed, now + DAY + HOUR + timedelta(seconds=1)) == ["anna"]
    assert noted(dated) == [(ACME, "anna")]


def test_it_is_explained_when_it_is_due(dated: psycopg.Connection, pushed: list[Event], now: datetime) -> None:
    publish(ACME, QUIET)
    buy(dated, ACME, "anna", now)
    (said,) = explain(ACME, "renew", "anna", now=now).times
    assert said == f"trigger 0: due at {(now + 5 * DAY).isoformat()}, last heard of at {now.isoformat()}"
    with tenant_context(ACME):
        assert "Trigger 0: due at" in explain(ACME, "renew", "anna", now=now).verdict
