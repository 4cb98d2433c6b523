"""Conditions on the history of leads: counted in the database for bundles and audiences alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from campaigns import handler
from campaigns.audience import Audience
from campaigns.filters import OPERATORS
from campaigns.language.activity import ActivityRow
from campaigns.language.history import Remembered
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.crowd import conditions, people
from tests.integration.campaigns.test_filters_agree import SETTINGS, World, nows
from tests.integration.campaigns.world import ACME, ZETA, make_campaign
from tests.integration.engine.bundles import executor, lane

INSERT = """
INSERT INTO campaigns_activity (tenant_id, lead_id, occurred_at, kind, campaign_id, event_key, data)
SELECT l.tenant_id, l.id, a.at, a.kind, a.campaign, gen_random_uuid(), a.data
FROM ROWS FROM (jsonb_to_recordset(%s) AS (lead text, at timestamptz, kind text, campaign bigint, data jsonb))
    WITH ORDINALITY AS a (lead, at, kind, campaign, data, place)
JOIN campaigns_lead AS l ON l.tenant_id = %s AND l.key = a.lead
ORDER BY a.place
"""


def words_of(wanted: Any) -> Any:
    """The same as text."""
    if isinstance(wanted, list):
        return [str(item) for item in wanted]
    return None if wanted is None else str(wanted)


def histories(who: Any, now: datetime) -> Iterator[tuple[int, list[tuple[dict[str, Any], datetime]]]]:
    """What happened to each, in the order in which it was recorded."""
    for place, (_, history) in enumerate(who):
        yield place, [(what, now - timedelta(seconds=seconds)) for what, seconds in history]


def as_row(one: tuple[dict[str, Any], datetime]) -> ActivityRow:
    what, at = one
    return ActivityRow(1, at, what["kind"], what.get("campaign"), None, None, "", what["data"])


#: As they come from outside, and as steps log them: what does not fit its type is no value.
shops = st.sampled_from(
    ["a", "A", "b", "7", " 7", 7, 7.5, True, None, {"a": 1}, "", "  ", "\u3000", ["a"], ["a", 1], []]
)
moments = st.sampled_from(
    [
        "2026-03-29T01:00:00Z",
        "2026-03-29T03:30:00.5+02:00",
        "2026-02-30T00:00:00Z",
        "2026-03-29",
        "2026-13-01",
        "24:00",
        5,
    ]
)
numbers = st.sampled_from([0, 1, -1, "1", "+1", "1.50", 1.5, "1e3", 2**63, "", True, None, "7.0", 7.0])
happened = (
    st.fixed_dictionaries(
        {
            "kind": st.just("web.page_visited"),
            "data": st.fixed_dictionaries(
                {
                    "data": st.fixed_dictionaries({"shop": shops, "size": numbers, "paid": moments}),
                    "source": st.sampled_from(["api", "replay", "signal:ann", "nowhere"]),
                }
            ),
        }
    )
    | st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["change_field", "change_score"]),
            "campaign": st.just(1),
            "data": st.fixed_dictionaries(
                {
                    "field": st.sampled_from(["score", "string"]),
                    "old": numbers | shops,
                    "new": numbers | shops,
                    "outcome": st.sampled_from(["done", "no_op"]),
                },
                optional={"reason": st.sampled_from(["paid", "Paid"])},
            ),
        }
    )
    | st.fixed_dictionaries(
        {
            "kind": st.just("field.changed"),
            "data": st.fixed_dictionaries(
                {
                    "data": st.fixed_dictionaries(
                        {"field": st.sampled_from(["score", "string"]), "old": numbers, "new": numbers | shops}
                    ),
                    "source": st.sampled_from(["signal", "admin"]),
                }
            ),
        }
    )
)
ago = st.sampled_from([0, 1, 3_600, 86_400, 86_401, 172_800, 40 * 86_400, -5])
counts = st.fixed_dictionaries({"at_least": st.integers(0, 2)}) | st.fixed_dictionaries({"exactly": st.integers(0, 2)})
whens = st.fixed_dictionaries(
    {
        "operator": st.sampled_from(["in_past", "in_past_before"]),
        "value": st.sampled_from([{"amount": 1, "unit": "days"}, {"amount": 2, "unit": "hours"}]),
    },
    optional={"or_empty": st.booleans()},
) | st.fixed_dictionaries(
    {"operator": st.sampled_from(["is", "is_not", "before"]), "value": st.sampled_from(["2026-03-29", "2024-02-29"])}
)
spans = st.sampled_from(
    [
        {},
        {"in_past": {"amount": 1, "unit": "days"}},
        {"in_past": {"amount": 1, "unit": "months"}},
        {"between": ["2026-03-28", "2026-03-29"]},
    ]
)
more: dict[str, st.SearchStrategy[Any]] = {
    "count": counts | st.just({"between": [1, 2]}) | st.just({"at_most": 1}),
    "first": whens,
    "last": whens,
}


def constraint(name: str, kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Any operator of a type that the database knows, on an attribute that is declared nowhere."""
    usable = [one for one in OPERATORS if one.type == kind and one.sql and "regex" not in one.name]
    drawn = st.sampled_from(usable).flatmap(lambda one: conditions(one, kind))
    return drawn.filter(lambda one: one.get("zone") != "lead").map(
        lambda one: {"attribute": name, "type": kind, **{key: one[key] for key in one if key != "field"}}
    )


where = st.one_of(
    st.lists(
        st.one_of(
            *[constraint("shop", kind) for kind in ("string", "integer", "boolean", "multi_select")],
            *[constraint("size", kind) for kind in ("integer", "decimal", "string", "boolean")],
            *[constraint("paid", kind) for kind in ("datetime", "date")],
        ),
        min_size=1,
        max_size=2,
    ),
    st.fixed_dictionaries({"shop": st.sampled_from(["a", 7, True, ["a", "b"], "7"])}),
)
ends = st.sampled_from(["a", 7, None, ["a", "b"], "7", 1])
whole = st.sampled_from([7, None, [1, 0], {"operator": "at_least", "value": 1}, {"operator": "is_not", "value": 1}])
wholes = dict.fromkeys(("was", "to"), whole)
either = st.sampled_from(["performed", "not_performed"])
whether = st.sampled_from(["changed", "not_changed"])
by = st.sampled_from(
    [1, {"operator": "less_than", "value": 0}, {"operator": "is_not", "value": 0}, {"operator": "is_empty"}]
)
sources = st.sampled_from(["campaign", "api", ["user", "import"]])
asked = st.one_of(
    st.fixed_dictionaries(
        {"activity": st.just("web.page_visited"), "operator": either},
        optional={**more, "where": where, "last_is": where},
    ),
    st.fixed_dictionaries(
        {
            "activity": st.sampled_from(["web.page_visited", "change_score"]),
            "operator": either,
            "then": st.fixed_dictionaries(
                {
                    "activity": st.sampled_from(["web.page_visited", "change_field"]),
                    "within": st.sampled_from([{"amount": 1, "unit": "hours"}, {"amount": 1, "unit": "days"}]),
                },
                optional={"where": st.fixed_dictionaries({"shop": st.just("a")})},
            ),
        }
    ),
    st.fixed_dictionaries(
        {"changed": st.just("score"), "operator": whether},
        optional={**more, **wholes, "by": by, "source": sources, "reason": st.just("paid"),
                  "last_is": st.fixed_dictionaries({"to": whole})},
    ),
    st.fixed_dictionaries(
        {"has_been": st.just("score"), "operator": st.just("at_least"), "value": st.integers(-1, 2),
         "for": st.just({"amount": 1, "unit": "days"})}
    ),
    st.fixed_dictionaries(
        {"changed": st.just("string"), "operator": whether},
        optional={**more, "was": ends.map(words_of), "to": ends.map(words_of), "source": sources},
    ),
)  # fmt: skip
documents = st.builds(lambda one, span: one | ({} if "has_been" in one else span), asked, spans)


def test_both_evaluators_agree_on_histories(worker_connection: psycopg.Connection) -> None:
    """So does memory that is given the activities themselves, as in rehearsals and to what a bundle adds."""
    world = World(worker_connection)
    cases = matched = 0

    @settings(SETTINGS, max_examples=20, phases=[Phase.generate])
    @given(
        st.lists(st.tuples(people(), st.lists(st.tuples(happened, ago), max_size=4)), min_size=10, max_size=10),
        st.lists(documents, min_size=10, max_size=10),
        nows,
    )
    def agree(who: Any, filters: list[dict[str, Any]], now: datetime) -> None:
        nonlocal cases, matched
        world.settle([one for one, _ in who])
        rows = [
            {**what, "lead": str(place), "at": (now - timedelta(seconds=seconds)).isoformat()}
            for place, (_, history) in enumerate(who)
            for what, seconds in history
        ]
        world.worker.execute(INSERT, [json.dumps(rows), ACME])
        remembered = {str(place): Remembered(map(as_row, history)) for place, history in histories(who, now)}
        for document in filters:
            matched += world.agree(document, now)
            cases += len(who)
            audience = Audience(document, world.schema, now)
            ids = [id for (id,) in world.worker.execute("SELECT id FROM campaigns_lead WHERE tenant_id = %s", [ACME])]
            for lead in audience.read(world.worker, ids):
                stored = audience.matches(lead)
                lead.history = remembered[lead.key]
                assert audience.matches(lead) == stored, (document, remembered[lead.key], now)

    agree()
    assert cases * 0.1 < matched < cases * 0.9


def test_a_bundle_counts_what_was_stored_and_what_it_adds(worker_connection: psycopg.Connection) -> None:
    World(worker_connection)
    third = {
        "triggers": [{"type": "event", "event": "purchase"}],
        "filter": {"activity": "purchase", "count": {"exactly": 3}, "in_past": {"amount": 1, "unit": "hours"}},
        "steps": [{"id": "score", "action": "change_score", "params": {"amount": 1}}],
    }
    fourth = {
        "triggers": [{"type": "event", "event": "purchase", "when": {"source": "api", "count": {"exactly": 4}}}],
        "steps": [{"id": "score", "action": "change_score", "params": {"amount": 10}}],
    }
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            make_campaign(tenant, "third", third)
            make_campaign(tenant, "fourth", fourth)
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
    assert dict(rows) == {ACME: 11, ZETA: 0}


def test_since_the_entry_counts_for_each_run_what_was_stored_and_what_a_bundle_adds(
    worker_connection: psycopg.Connection,
) -> None:
    World(worker_connection)
    twice = {"activity": "purchase", "since": "entry", "count": {"at_least": 2}}
    waiting = {
        "triggers": [{"type": "event", "event": "purchase"}],
        "steps": [
            {
                "id": "wait",
                "action": "wait_for_condition",
                "params": {"rule": twice, "timeout": {"amount": 9, "unit": "days"}},
            },
            {"id": "score", "action": "change_score", "params": {"amount": 1}},
        ],
    }
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            make_campaign(tenant, "waiting", waiting)
    now = datetime.now(UTC)

    def scores(tenant: str, *orders: int) -> dict[str, int]:
        events = [
            Event(
                id=f"order-{order}", tenant=tenant, lead="new", type="purchase", accepted_at=now,
                occurred_at=now + timedelta(seconds=order), data={"amount": "1"},
            )
            for order in orders
        ]  # fmt: skip
        assert executor(worker_connection, handler.handle).execute([lane(events)]).dead == 0
        rows = worker_connection.execute("SELECT tenant_id, score FROM campaigns_lead WHERE key = 'new'").fetchall()
        return dict(rows)

    assert scores(ACME, 1) == {ACME: 0}
    assert scores(ZETA, 1, 2) == {ACME: 0, ZETA: 0}
    assert scores(ACME, 2) == {ACME: 0, ZETA: 0}
    assert scores(ACME, 3) == {ACME: 1, ZETA: 0}
    assert scores(ZETA, 3) == {ACME: 1, ZETA: 1}
