"""What it costs to plan the dates of many leads, and to have nothing due among many rows. See what it prints."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from campaigns import planning
from campaigns.rulebooks import RulebookCache
from engine.types import Event
from tests.integration.campaigns.dated import DAY, publish
from tests.integration.campaigns.test_waking import nodes_of
from tests.integration.campaigns.world import ACME, ZETA

LEADS = 100_000
BIRTHDAY = {"type": "date_reached", "field": "birthday", "yearly": True, "at": "09:00", "zone": "lead"}
QUIET = {"type": "inactivity", "period": {"amount": 4, "unit": "days"}}


def add_leads(dated: psycopg.Connection) -> None:
    """A hundred thousand of acme's with birthdays all over the year, each with three events of the last month."""
    dated.execute("SET statement_timeout = 0")
    dated.execute(
        """
        WITH leads AS (
            INSERT INTO campaigns_lead (tenant_id, key, created_at, fields)
            SELECT %s, 'b' || n, now() - interval '1 year', jsonb_build_object(
                'birthday', (DATE '1980-01-01' + (n * 7919) %% 14610)::text,
                'timezone', 'America/New_York', 'orders', n)
            FROM generate_series(1, %s) AS n
            RETURNING tenant_id, id
        )
        INSERT INTO campaigns_activity (tenant_id, lead_id, recorded_at, occurred_at, kind, event_key, data)
        SELECT tenant_id, id, at, at, 'purchase', gen_random_uuid(), '{}'
        FROM leads, generate_series(1, 3) AS e,
             LATERAL (SELECT now() - e * interval '7 days' + id %% 100 * interval '1 hour') AS w (at)
        """,
        [ACME, LEADS],
    )


def planning_seconds(dated: psycopg.Connection, now: datetime) -> float:
    began, rulebooks = time.perf_counter(), RulebookCache(size=10)
    while planning._plan_turn(dated, now, [], rulebooks):
        pass
    return time.perf_counter() - began


@pytest.mark.benchmark
@pytest.mark.parametrize("trigger", [BIRTHDAY, QUIET], ids=lambda one: one["type"])
def test_a_day_of_many_leads_is_planned_in_pages(
    dated: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, trigger: dict[str, Any],
    owner_connection: psycopg.Connection, pushed: list[Event],
) -> None:  # fmt: skip
    monkeypatch.setattr(planning, "LEADS_AT_ONCE", 5_000)
    add_leads(dated)
    owner_connection.execute("ANALYZE")
    publish(ACME, trigger)
    now = datetime.now(UTC)
    seconds = planning_seconds(dated, now)
    ((rows,),) = dated.execute("SELECT count(*) FROM campaigns_duetime WHERE version > 0").fetchall()
    page = seconds / LEADS * 5_000_000
    print(f"{trigger['type']}: {LEADS:,} leads planned in {seconds:.1f} s, {page:.0f} ms a page; {rows} rows")
    assert 0 < rows < LEADS / 2
    began = time.perf_counter()
    told = planning.tell_due(dated, now + DAY)
    print(f"{told} told in {time.perf_counter() - began:.2f} s")
    assert told == len(pushed)


@pytest.mark.benchmark
def test_rows_that_are_not_due_cost_no_scan(
    dated: psycopg.Connection, now: datetime, owner_connection: psycopg.Connection
) -> None:
    dated.execute("SET statement_timeout = 0")
    campaigns = [publish(tenant, BIRTHDAY) for tenant in (ACME, ZETA)]
    for campaign in campaigns:
        dated.execute(
            """
            INSERT INTO campaigns_duetime
                (tenant_id, campaign_id, lead_id, trigger, occasion, version, due_at, type, data)
            SELECT %s, %s, n, '0', 'a day', 1, now() + n * interval '1 second' + interval '1 hour', 'date.reached', '{}'
            FROM generate_series(1, 250000) AS n
            """,
            [campaign.tenant_id, campaign.pk],
        )
    owner_connection.execute("ANALYZE campaigns_duetime")
    dated.execute("UPDATE campaigns_dueplan SET turn_at = now() + interval '1 day'")

    parameters = {"now": now, "had": [], "limit": 1000}
    ((plan,),) = dated.execute("EXPLAIN (FORMAT JSON) " + planning.QUERIES["take_dues"], parameters).fetchall()
    assert "campaigns_duetime_due" in {node.get("Index Name") for node in nodes_of(plan[0]["Plan"])}
    took = []
    for _ in range(30):
        began = time.perf_counter()
        planning.tend(dated, now + timedelta(seconds=1))
        took.append(time.perf_counter() - began)
    print(f"nobody of 500,000 due: {statistics.median(took) * 1000:.2f} ms")
    assert statistics.median(took) < 0.02
