"""R6: a filter means the same in the database as in memory. Leads and filters are drawn at random, and each filter is
asked of each lead by both evaluators."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from campaigns.audience import Audience
from campaigns.filters import OPERATORS
from campaigns.language.filtertree import AT_LEAST, GROUPS, NUMBERED
from campaigns.language.operator import Operator
from campaigns.language.stored import TYPES as STORED
from campaigns.models import Definition, FieldDefinition, StaticList, Tag, Tenant
from campaigns.schema_source import load_rulebooks
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.crowd import CHOICES, EDGES, OPTIONS, VALUES, conditions, json_of, people, shifts
from tests.integration.campaigns.world import ACME, ZETA, make_tenant

LEADS, EXAMPLES, TOGETHER = 20, 4, 12
#: Fields that are no custom fields, by type.
COLUMNS = {
    "string": ["first_name", "company"],
    "integer": ["score"],
    "picklist": ["stage", "owner"],
    "multi_select": ["tags", "lists"],
}

RATES = {"eur": {"2011-01-01": "1.1", "2025-01-01": "1.2", "2026-10-25": "1"}, "chf": {"2024-02-29": "2.4"}}

INSERT = """
WITH people AS (SELECT * FROM jsonb_to_recordset(%(people)s) AS p (
    key text, first_name text, score bigint, tags text[], stage text, owner boolean, company boolean, lists text[],
    fields jsonb)),
made AS (
    INSERT INTO campaigns_lead (tenant_id, key, first_name, score, tags, stage, owner_id, company_id, fields)
    SELECT %(tenant)s, p.key, p.first_name, p.score, p.tags, p.stage,
           CASE WHEN p.owner THEN (SELECT id FROM campaigns_owner WHERE tenant_id = %(tenant)s) END,
           CASE WHEN p.company THEN (SELECT id FROM campaigns_company WHERE tenant_id = %(tenant)s) END, p.fields
    FROM people AS p
    RETURNING id, key)
INSERT INTO campaigns_listmember (tenant_id, list_id, lead_id, added_at)
SELECT %(tenant)s, s.id, m.id, now() FROM made AS m JOIN people AS p USING (key)
JOIN campaigns_staticlist AS s ON s.tenant_id = %(tenant)s AND s.key = ANY(p.lists)
"""


class World:
    """A tenant with a field of every type, and another one whose leads are never to be found."""

    def __init__(self, worker: psycopg.Connection) -> None:
        self.worker = worker
        worker.autocommit = True
        make_tenant(ZETA)
        make_tenant(ACME)
        with tenant_context(ACME):
            Tenant.objects.update(week_start="sunday")
            for kind in VALUES:
                options = OPTIONS[:3] if kind in ("picklist", "multi_select") else []
                FieldDefinition.objects.create(tenant_id=ACME, key=kind, label=kind, type=kind, options=options)
            FieldDefinition.objects.create(tenant_id=ACME, key="timezone", label="Time zone", type="string")
            table = {"columns": ["n"], "rows": {key: [1] for key in ("ANN", "straße", " Café ")}}
            Definition.objects.create(tenant_id=ACME, kind="table", key="names", name="Names", spec=table)
            for code, rates in RATES.items():
                Definition.objects.create(tenant_id=ACME, kind="currency", key=code, name=code, spec={"rates": rates})
            for name in CHOICES["tags"]:
                Tag.objects.create(tenant_id=ACME, name=name)
            StaticList.objects.create(tenant_id=ACME, key="news", name="News")
            StaticList.objects.create(tenant_id=ACME, key="gone", name="Gone", archived=True)
        self.schema = load_rulebooks(worker, [ACME])[ACME].schema

    def settle(self, people: list[dict[str, Any]]) -> None:
        """These leads instead of those before."""
        rows = [one | {"key": str(place)} for place, one in enumerate(people)]
        self.worker.execute("DELETE FROM campaigns_lead WHERE tenant_id = %s", [ACME])
        self.worker.execute(INSERT, {"tenant": ACME, "people": json.dumps(rows)})

    def agree(self, document: Any, now: datetime) -> int:
        """Ask both evaluators of every lead. Returns how many matched."""
        audience = Audience(document, self.schema, now)
        query = audience.condition
        rows = self.worker.execute(
            f"SELECT l.id, {query.text} FROM campaigns_lead AS l WHERE l.tenant_id = %s", [*query.params, ACME]
        ).fetchall()
        found = {id for id, matched in rows if matched}
        wanted = {lead.id for lead in audience.read(self.worker, [id for id, _ in rows]) if audience.matches(lead)}
        assert all(matched is not None for _, matched in rows), document
        assert wanted <= found, (document, now)
        assert found == wanted or not audience.narrowed.exact, (document, now)
        return len(wanted)


SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
nows = st.builds(lambda edge, seconds: edge + timedelta(seconds=seconds), st.sampled_from(EDGES), shifts)


def grouped(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    items = st.lists(inner, min_size=1, max_size=3)
    counted = items.flatmap(
        lambda some: st.builds(lambda count: {AT_LEAST: some, "count": count}, st.integers(1, len(some)))
    )
    plain = sorted({*GROUPS} - {AT_LEAST, NUMBERED})
    return counted | st.dictionaries(st.sampled_from(plain), items, min_size=1, max_size=1) | numbered(inner)


#: What a JSON object may have in it, of its type or not.
nested = st.sampled_from(sorted(VALUES)).flatmap(
    lambda kind: VALUES[kind].map(lambda value: json_of(kind, value))
) | st.sampled_from([None, "7", "7.0", 7.5, 1.0, -0.0, "", " ", "2026-02-30", "true", [], ["red"], ["red", 1]])
FOR_MEMORY = {one.name for one in OPERATORS if one.sql is None}


def numbered(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    logic = st.sampled_from(
        ["(1 or 2) and not 3", "1 or (2 and 3)", "not (1 and 2 and 3)", "(1 and 3) or (2 and not 1)"]
    )
    return st.builds(lambda some, text: {NUMBERED: some, "logic": text}, st.lists(inner, min_size=3, max_size=3), logic)


@pytest.fixture
def world(worker_connection: psycopg.Connection) -> World:
    return World(worker_connection)


def asked() -> list[tuple[Operator, str]]:
    """Every operator with every field that it can be asked of."""
    return [(operator, field) for operator in OPERATORS for field in (operator.type, *COLUMNS.get(operator.type, []))]


def test_both_evaluators_agree_on_every_operator(world: World) -> None:
    pairs = asked()
    cases = matched = 0
    for place in range(0, len(pairs), TOGETHER):
        some = pairs[place : place + TOGETHER]

        @SETTINGS
        @given(
            st.lists(people(), min_size=LEADS, max_size=LEADS), st.tuples(*[conditions(*pair) for pair in some]), nows
        )
        def agree(who: list[dict[str, Any]], filters: tuple[dict[str, Any], ...], now: datetime) -> None:
            nonlocal cases, matched
            world.settle(who)
            for document in filters:
                matched += world.agree(document, now)
                cases += LEADS

        agree()
    assert cases >= 10_000
    assert cases * 0.1 < matched < cases * 0.9  # they meet


def test_both_evaluators_agree_within_json(world: World) -> None:
    inside = [operator for operator in OPERATORS if operator.type in STORED]
    asked = st.sampled_from(inside).flatmap(
        lambda operator: conditions(operator, operator.type).map(
            lambda found: {**found, "field": "json", "path": "deep.value", "type": operator.type}
        )
    )
    matched = 0

    @SETTINGS
    @given(
        st.lists(st.tuples(people(), nested), min_size=LEADS, max_size=LEADS),
        st.lists(asked, min_size=40, max_size=40), nows,
    )  # fmt: skip
    def agree(who: list[tuple[dict[str, Any], Any]], filters: list[dict[str, Any]], now: datetime) -> None:
        nonlocal matched
        for one, value in who:
            one["fields"]["json"] = {"deep": {"value": value}}
        world.settle([one for one, _ in who])
        for document in filters:
            assert document.get("zone") == "lead" or (
                Audience(document, world.schema, now).narrowed.exact is not (document["operator"] in FOR_MEMORY)
            )
            matched += world.agree(document, now)

    agree()
    assert matched > 0


def test_both_evaluators_agree_on_groups(world: World) -> None:
    leaves = st.sampled_from(asked()).flatmap(lambda pair: conditions(*pair))
    groups = st.recursive(leaves, grouped, max_leaves=6)

    @SETTINGS
    @given(st.lists(people(), min_size=LEADS, max_size=LEADS), st.lists(groups, min_size=5, max_size=5), nows)
    def agree(who: list[dict[str, Any]], filters: list[dict[str, Any]], now: datetime) -> None:
        world.settle(who)
        for document in filters:
            world.agree(document, now)

    agree()
