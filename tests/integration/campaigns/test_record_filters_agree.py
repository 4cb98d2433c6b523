"""R6 for conditions on what is kept of leads, and for smart lists: both evaluators, random records."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.filters import OPERATORS
from campaigns.language.leaf import CONDITIONS
from campaigns.models import Definition
from campaigns.schema_source import load_rulebooks
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.crowd import EDGES, conditions, people
from tests.integration.campaigns.test_filters_agree import SETTINGS, World, nows
from tests.integration.campaigns.world import ACME

INSERT = """
INSERT INTO campaigns_record (tenant_id, lead_id, kind, key, data)
SELECT l.tenant_id, l.id, r.kind, r.key, r.data
FROM jsonb_to_recordset(%s) AS r (lead text, kind text, key text, data jsonb)
JOIN campaigns_lead AS l ON l.tenant_id = %s AND l.key = r.lead
"""
SPECS = {
    "object": {"car": {"fields": {"seats": "integer", "plate": "string", "sold": "boolean"}}},
    "purpose": {"profiling": {"text": "To know"}, "profiling-more": {"text": "To know more"}},
    "topic": {"news": {"channels": ["email", "sms"]}},
    "nurture": {"onboarding": {"streams": [{"key": "basics"}, {"key": "expert"}]}},
    "goal": {"order": {}, "order-2": {}},
    "partition": {"europe": {}, "asia": {}},
    "pool": {"sales": {"owners": [{"email": "canary-acme@example.test"}]}, "away": {"owners": [{"email": "x@y.test"}]}},
    "smart_list": {
        "rich": {"filter": {"field": "score", "operator": "at_least", "value": 2}},
        "odd": {"filter": {"any": [{"smart_list": "rich"}, {"program": "webinar", "success": True}]}},
        "same": {"filter": {"field": "first_name", "operator": "is", "value": "{{ lead.string }}"}},
    },
}

maybe = st.booleans()
members = st.fixed_dictionaries(
    {"status": st.sampled_from(["invited", "attended", "gone"])},
    optional={
        "since": st.sampled_from(EDGES).map(datetime.isoformat),
        "success_at": st.sampled_from(EDGES).map(datetime.isoformat),
        "ended": st.just("2026-01-01T00:00:00+00:00"),
    },
)
nursed = st.fixed_dictionaries(
    {"stream": st.sampled_from(["basics", "gone"]), "position": st.integers(0, 3), "exhausted": maybe}
)
periods = st.sampled_from(
    [{"amount": 1, "unit": "days"}, {"amount": 7, "unit": "months"}, {"amount": 9, "unit": "years"}]
)
grants = st.fixed_dictionaries(
    {"granted": maybe}, optional={"expires": st.none() | st.sampled_from(EDGES).map(datetime.isoformat)}
)
exclusions = st.fixed_dictionaries({"until": st.none() | st.sampled_from(EDGES).map(datetime.isoformat)})
cars = st.fixed_dictionaries(
    {
        "fields": st.fixed_dictionaries(
            {}, optional={"seats": st.integers(2, 6), "plate": st.sampled_from(["x", "X1"]), "sold": st.booleans()}
        )
    },
    optional={"relation": st.sampled_from(["owns", "Owns", "drives"])},
)
deals = st.fixed_dictionaries(
    {},
    optional={
        "stage": st.sampled_from(["open", "won"]),
        "role": st.just("buyer"),
        "amount": st.sampled_from(["10", "1000.50"]),
    },
)
kept = st.fixed_dictionaries(
    {},
    optional={
        ("program", "webinar"): members,
        ("nurture", "onboarding"): nursed,
        ("consent", "profiling:000001"): grants,
        ("consent", "profiling:000002"): grants,
        ("consent", "profiling-more:000001"): grants,
        ("subscription", "news:email"): st.fixed_dictionaries({"state": st.sampled_from(["subscribed", "pending"])}),
        ("subscription", "news:sms"): st.fixed_dictionaries({"state": st.sampled_from(["subscribed", "unsubscribed"])}),
        ("goal", "order:7"): st.just({}),
        ("goal", "order-2"): st.just({}),
        ("partition", "current"): st.fixed_dictionaries({"partition": st.sampled_from(["europe", "asia", "gone"])}),
        ("excluded", "rich"): exclusions,
        ("excluded", "odd"): exclusions,
        ("object", "car:A1"): cars,
        ("object", "car:B2"): cars,
        ("object", "cart:A1"): cars,
        ("opportunity", "O1"): deals,
        ("opportunity", "O2"): deals,
        ("bucket", "prices"): st.fixed_dictionaries({"bucket": st.integers(0, 3), "size": st.just(4)}),
    },
)
either = st.sampled_from(["in", "not_in"])
#: What may be asked of an instant, with every operator of times.
of_times = st.sampled_from([one for one in OPERATORS if one.type == "datetime"]).flatmap(
    lambda operator: conditions(operator, "datetime").map(
        lambda asked: {name: value for name, value in asked.items() if name != "field"}
    )
)
counts = st.sampled_from([{"at_least": 2}, {"exactly": 0}, {"between": [1, 2]}])
fields_of_cars = st.lists(
    st.sampled_from(
        [
            {"attribute": "seats", "operator": "at_least", "value": 4},
            {"attribute": "seats", "operator": "is_not", "value": 4},
            {"attribute": "plate", "operator": "is", "value": "x"},
            {"attribute": "plate", "operator": "is_empty"},
            {"attribute": "sold", "operator": "is_false"},
        ]
    ),
    max_size=2,
)
fields_of_deals = st.sampled_from(
    [
        {"stage": "won"},
        [{"attribute": "amount", "operator": "greater_than", "value": 10, "or_empty": True}],
        [{"attribute": "role", "operator": "is_not_empty"}],
    ]
)
ASKED: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "program": st.fixed_dictionaries(
        {"program": st.just("webinar"), "operator": either},
        optional={
            "status": st.sampled_from(["invited", ["invited", "attended"]]),
            "success": maybe,
            "success_at": of_times,
            "in_past": periods,
            "for": periods,
        },
    ),
    "nurture": st.fixed_dictionaries(
        {"nurture": st.just("onboarding"), "operator": either},
        optional={
            "stream": st.sampled_from(["basics", ["expert"]]),
            "position_from": st.integers(0, 3),
            "position_to": st.integers(0, 3),
            "exhausted": maybe,
        },
    ),
    "object": st.fixed_dictionaries(
        {"object": st.just("car"), "operator": either},
        optional={"where": fields_of_cars, "relation": st.just("owns"), "count": counts},
    ),
    "opportunity": st.fixed_dictionaries(
        {"opportunity": st.sampled_from([None, "O1", "O"]), "operator": either},
        optional={"where": fields_of_deals, "count": counts},
    ),
    "sample": st.fixed_dictionaries(
        {
            "sample": st.sampled_from(["spring", "ärger/1"]),
            "operator": either,
            "percent": st.sampled_from([1, 33.33, 50]),
        }
    ),
    "consent": st.fixed_dictionaries({"consent": st.sampled_from(list(SPECS["purpose"])), "operator": either}),
    "subscription": st.fixed_dictionaries(
        {"subscription": st.just("news"), "operator": either},
        optional={"channel": st.sampled_from(["email", "sms"]), "state": st.sampled_from(["pending", "unsubscribed"])},
    ),
    "goal": st.fixed_dictionaries({"goal": st.sampled_from(list(SPECS["goal"])), "operator": either}),
    "partition": st.fixed_dictionaries({"partition": st.sampled_from(list(SPECS["partition"])), "operator": either}),
    "bucket": st.fixed_dictionaries(
        {"bucket": st.just("prices"), "operator": either, "buckets": st.lists(st.integers(0, 3), min_size=1)}
    ),
    "unreachable": st.fixed_dictionaries(
        {"unreachable": st.sampled_from(["email", "sms"]), "operator": either},
        optional={"marketing": maybe, "topic": st.just("news")},
    ),
    "owner": st.fixed_dictionaries({"owner": st.sampled_from(["active", "inactive"])}),
    "pool": st.fixed_dictionaries({"pool": st.sampled_from(list(SPECS["pool"])), "operator": either}),
    "smart_list": st.fixed_dictionaries({"smart_list": st.sampled_from(list(SPECS["smart_list"])), "operator": either}),
}


@pytest.fixture
def world(worker_connection: psycopg.Connection) -> World:
    made = World(worker_connection)
    with tenant_context(ACME):
        for kind, specs in SPECS.items():
            for key, spec in specs.items():
                Definition.objects.create(tenant_id=ACME, kind=kind, key=key, name=key, spec=spec)
    made.schema = load_rulebooks(worker_connection, [ACME])[ACME].schema
    return made


def test_both_evaluators_agree_on_every_condition(world: World) -> None:
    elsewhere = {"activity", "changed", "has_been"}  # test_history_filters.py
    elsewhere |= {"campaign", "company_field", "duplicate"}  # test_looked_up_filters.py
    elsewhere |= {"lead"}  # test_lead_times.py
    assert set(ASKED) | elsewhere == set(CONDITIONS.names())
    matched = 0

    @SETTINGS
    @given(
        st.lists(st.tuples(people(), kept), min_size=15, max_size=15),
        st.tuples(*[st.tuples(asked, asked) for asked in ASKED.values()]),
        nows,
    )
    def agree(who: list[tuple[dict[str, Any], Any]], filters: Any, now: datetime) -> None:
        nonlocal matched
        world.settle([one for one, _ in who])
        rows = [
            {"lead": str(place), "kind": kind, "key": key, "data": data}
            for place, (_, records) in enumerate(who)
            for (kind, key), data in records.items()
        ]
        world.worker.execute(INSERT, [json.dumps(rows), ACME])
        for pair in filters:
            for document in pair:
                matched += world.agree(document, now)

    agree()
    assert matched > 0
