"""When leads were made and changed last means the same in memory and in the database, however events are bundled."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import handler, operations
from campaigns.models import Campaign, Lead
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.crowd import instants, people
from tests.integration.campaigns.test_filters_agree import SETTINGS, World, nows
from tests.integration.campaigns.test_record_filters_agree import of_times
from tests.integration.campaigns.world import ACME, ZETA, make_campaign
from tests.integration.engine.bundles import executor, lane

NOW = datetime.now(UTC)
TIMES = """
UPDATE campaigns_lead AS l SET created_at = p.created_at, updated_at = p.updated_at
FROM jsonb_to_recordset(%s) AS p (key text, created_at timestamptz, updated_at timestamptz)
WHERE l.tenant_id = %s AND l.key = p.key
"""


def test_both_evaluators_agree_on_every_operator_of_times(worker: psycopg.Connection) -> None:
    world, matched = World(worker), 0
    names = st.sampled_from(["created_at", "updated_at"])
    asked = st.builds(lambda name, asks: {"lead": name, **asks}, names, of_times)

    @SETTINGS
    @given(
        st.lists(st.tuples(people(), instants, instants), min_size=10, max_size=10),
        st.lists(asked, min_size=60, max_size=60), nows,
    )  # fmt: skip
    def agree(who: list[tuple[dict[str, Any], datetime, datetime]], filters: Any, now: datetime) -> None:
        nonlocal matched
        world.settle([one for one, *_ in who])
        rows = [
            {"key": str(place), "created_at": made.isoformat(), "updated_at": changed.isoformat()}
            for place, (_, made, changed) in enumerate(who)
        ]
        worker.execute(TIMES, [json.dumps(rows), ACME])
        for document in filters:
            matched += world.agree(document, now)

    agree()
    assert matched > 0


LATELY = {"lead": "updated_at", "operator": "in_past", "value": {"amount": 1, "unit": "days"}}
OLD = {"lead": "created_at", "operator": "in_past_before", "value": {"amount": 1, "unit": "days"}}
ON_PURCHASE = {"type": "event", "event": "purchase"}
SCORE = {"id": "score", "action": "change_score", "params": {"amount": 1}}
MARK = {"id": "mark", "action": "change_stage", "params": {"stage": "vip"}}


@pytest.fixture
def asking(two_tenants: None) -> None:
    """Who was changed lately, before the purchase, becomes a vip; then each purchase of 10 or more changes the lead."""
    dear = {"attribute": "amount", "operator": "at_least", "value": "10"}
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            operations.archive(Campaign.objects.get(key="count"))
            marking = {"triggers": [ON_PURCHASE], "filter": {"all": [LATELY, OLD]}, "steps": [MARK]}
            make_campaign(tenant, "marking", marking)
            scoring = {"triggers": [{**ON_PURCHASE, "where": [dear]}], "steps": [SCORE], "after": ["marking"]}
            make_campaign(tenant, "scoring", scoring)
            for key in ("changed", "cheap", "twice", "thrice"):
                Lead.objects.create(tenant_id=tenant, key=key)


def bought(tenant: str, lead: str, place: int, amount: int) -> Event:
    return Event(
        id=f"{lead}-{place}", tenant=tenant, lead=lead, type="purchase", accepted_at=NOW, occurred_at=NOW,
        data={"amount": str(amount)},
    )  # fmt: skip


@pytest.mark.parametrize("together", [True, False])
def test_what_was_changed_earlier_counts_alike_in_one_bundle_and_in_several(
    worker: psycopg.Connection, asking: None, together: bool
) -> None:
    long_ago = NOW - timedelta(days=30)
    worker.execute("UPDATE campaigns_lead SET created_at = %s, updated_at = %s", [long_ago, long_ago])
    worker.execute("UPDATE campaigns_lead SET updated_at = %s WHERE (tenant_id, key) = (%s, 'cheap')", [NOW, ZETA])
    buys = {"changed": [10], "cheap": [1], "twice": [1, 10], "thrice": [10, 1, 1], "new": [10, 10]}
    events = [
        bought(tenant, lead, place, amount)
        for tenant in (ACME, ZETA)
        for lead, amounts in buys.items()
        for place, amount in enumerate(amounts)
    ]
    bundles = [[lane([one for one in events if one.tenant == tenant]) for tenant in (ACME, ZETA)]]
    for some in bundles if together else [[lane([one])] for one in events]:
        assert executor(worker, handler.handle, clock=lambda: NOW).execute(some).dead == 0

    rows = worker.execute("SELECT tenant_id, key FROM campaigns_lead WHERE stage = 'vip'").fetchall()

    assert set(rows) == {(ACME, "thrice"), (ZETA, "thrice"), (ZETA, "cheap")}


def test_a_list_that_a_lead_joins_and_a_lead_of_another_tenant_change_no_row(
    worker: psycopg.Connection, asking: None
) -> None:
    with tenant_context(ACME):
        joining = {
            "triggers": [ON_PURCHASE],
            "steps": [{"id": "j", "action": "add_to_list", "params": {"list": "vips"}}],
        }
        make_campaign(ACME, "joining", joining)
    long_ago = NOW - timedelta(days=30)
    worker.execute("UPDATE campaigns_lead SET created_at = %s, updated_at = %s", [long_ago, long_ago])
    events = [bought(ACME, "cheap", place, 1) for place in range(2)] + [bought(ZETA, "cheap", 1, 10)]

    for some in ([lane(events[:2]), lane(events[2:])], [lane([bought(ACME, "cheap", 3, 1)])]):
        assert executor(worker, handler.handle, clock=lambda: NOW).execute(some).dead == 0

    kept = worker.execute(
        "SELECT stage, updated_at FROM campaigns_lead WHERE (tenant_id, key) = (%s, 'cheap')", [ACME]
    ).fetchall()
    assert kept == [(None, long_ago)]
