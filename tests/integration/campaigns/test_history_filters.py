"""Conditions on the history of leads: counted in the database for bundles and audiences alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import handler
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.crowd import people
from tests.integration.campaigns.test_filters_agree import SETTINGS, World, nows
from tests.integration.campaigns.world import ACME, ZETA, make_campaign
from tests.integration.engine.bundles import executor, lane

INSERT = """
INSERT INTO campaigns_activity (tenant_id, lead_id, occurred_at, kind, event_key, data)
SELECT l.tenant_id, l.id, a.at, a.kind, gen_random_uuid(), a.data
FROM jsonb_to_recordset(%s) AS a (lead text, at timestamptz, kind text, data jsonb)
JOIN campaigns_lead AS l ON l.tenant_id = %s AND l.key = a.lead
"""
shops = st.sampled_from(["a", "b", 7, True, None, {"a": 1}])
happened = st.fixed_dictionaries(
    {"kind": st.just("purchase"), "data": st.fixed_dictionaries({"data": st.fixed_dictionaries({"shop": shops})})}
) | st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["change_field", "change_score"]),
        "data": st.fixed_dictionaries(
            {
                "field": st.sampled_from(["score", "string"]),
                "new": shops,
                "old": shops,
                "reason": shops,
                "outcome": st.sampled_from(["done", "no_op"]),
            }
        ),
    }
)
ago = st.sampled_from([0, 1, 86_400, 86_401, 172_800, 40 * 86_400, -5])
counts = st.fixed_dictionaries({"at_least": st.integers(0, 2)}) | st.fixed_dictionaries({"exactly": st.integers(0, 2)})
more: dict[str, st.SearchStrategy[Any]] = {
    "count": counts | st.just({"between": [1, 2]}) | st.just({"at_most": 1}),
    "in_past": st.sampled_from([{"amount": 1, "unit": "days"}, {"amount": 1, "unit": "months"}]),
}
wanted = st.sampled_from(["a", 7, True, ["a", "b"], "7"])
asked = st.fixed_dictionaries(
    {"activity": st.just("purchase"), "operator": st.sampled_from(["performed", "not_performed"])},
    optional={**more, "where": st.fixed_dictionaries({"shop": wanted})},
) | st.fixed_dictionaries(
    {"changed": st.sampled_from(["score", "string"]), "operator": st.sampled_from(["changed", "not_changed"])},
    optional={**more, "to": wanted, "was": wanted, "reason": wanted},
) | st.fixed_dictionaries(
    {"has_been": st.just("score"), "operator": st.just("at_least"), "value": st.integers(-1, 2), "for": more["in_past"]}
)  # fmt: skip


def test_both_evaluators_agree_on_histories(worker_connection: psycopg.Connection) -> None:
    world = World(worker_connection)
    matched = 0

    @SETTINGS
    @given(
        st.lists(st.tuples(people(), st.lists(st.tuples(happened, ago), max_size=4)), min_size=10, max_size=10),
        st.lists(asked, min_size=8, max_size=8),
        nows,
    )
    def agree(who: Any, filters: list[dict[str, Any]], now: datetime) -> None:
        nonlocal matched
        world.settle([one for one, _ in who])
        rows = [
            {**what, "lead": str(place), "at": (now - timedelta(seconds=seconds)).isoformat()}
            for place, (_, history) in enumerate(who)
            for what, seconds in history
        ]
        world.worker.execute(INSERT, [json.dumps(rows), ACME])
        for document in filters:
            matched += world.agree(document, now)

    agree()
    assert matched > 0


def test_a_bundle_counts_what_was_stored_and_what_it_adds(
    worker_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(worker_connection)
    third = {
        "triggers": [{"type": "event", "event": "purchase"}],
        "filter": {"activity": "purchase", "count": {"exactly": 3}, "in_past": {"amount": 1, "unit": "hours"}},
        "steps": [{"id": "score", "action": "change_score", "params": {"amount": 1}}],
    }
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            make_campaign(tenant, "third", third)
    now = datetime.now(UTC)

    def bundle(*orders: tuple[str, int]) -> None:
        events = [
            Event(
                id=f"order-{order}", tenant=tenant, lead="new", type="purchase", accepted_at=now, occurred_at=now,
                data={"amount": "1"},
            )
            for tenant, order in orders
        ]  # fmt: skip
        for tenant in (ACME, ZETA):
            own = [event for event in events if event.tenant == tenant]
            if own:
                assert executor(worker_connection, handler.handle).execute([lane(own)]).dead == 0

    bundle((ACME, 1), (ZETA, 1))
    bundle((ACME, 2), (ACME, 3), (ACME, 4))

    rows = worker_connection.execute("SELECT tenant_id, score FROM campaigns_lead WHERE key = 'new'").fetchall()
    assert dict(rows) == {ACME: 1, ZETA: 0}
