"""Leads that have the same as others: both evaluators agree with a plain comparison of all with all, within the tenant
and within the bound."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import psycopg
from hypothesis import given
from hypothesis import strategies as st

from campaigns import handler
from campaigns.audience import Audience
from campaigns.filters.duplicates import COMPARED
from campaigns.language.folding import fold
from campaigns.models import Company, Lead
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.crowd import OPTIONS
from tests.integration.campaigns.test_filters_agree import SETTINGS, World
from tests.integration.campaigns.world import ACME, ZETA, make_campaign
from tests.integration.engine.bundles import executor, lane

NOW = datetime.now(UTC)
INSERT = """
INSERT INTO campaigns_lead (tenant_id, key, email, phone, first_name, last_name, company_id, fields, deleted_at)
SELECT %(tenant)s, p.key, p.email, p.phone, p.first_name, p.last_name,
       CASE WHEN p.company THEN (SELECT min(id) FROM campaigns_company WHERE tenant_id = %(tenant)s) END,
       jsonb_strip_nulls(jsonb_build_object('string', p.string, 'picklist', p.picklist)),
       CASE WHEN p.deleted THEN now() END
FROM jsonb_to_recordset(%(people)s) AS p (key text, email text, phone text, first_name text, last_name text,
    company boolean, string text, picklist text, deleted boolean)
"""
few = st.none() | st.sampled_from(["ann", "Ann", "Ännchen", "A\u0308nnchen", "ännchen", "straße", "STRASSE", "bob"])
who = st.fixed_dictionaries(
    {
        **dict.fromkeys(["email", "phone", "first_name", "last_name", "string"], few),
        "company": st.booleans(),
        "picklist": st.none() | st.sampled_from(OPTIONS),  # not all of them are options
        "deleted": st.sampled_from([False, False, False, True]),
    }
)
sets = st.builds(
    lambda looked_up, more: [*looked_up, *more],
    st.sampled_from([["email"], ["phone"], ["first_name", "last_name"], ["company"], ["phone", "email"]]),
    st.lists(st.sampled_from(["string", "picklist", "last_name", "stage"]), max_size=2, unique=True),
).map(lambda names: names[0] if len(names) == 1 else names)


def value(one: dict[str, Any], name: str) -> Any:
    if name == "company":
        return one["company"] or None
    if name == "picklist":
        return one[name] if one[name] in OPTIONS[:3] else None
    found = one.get(name)
    return None if found is None else fold(found)


def duplicates(people: list[dict[str, Any]], fields: list[str]) -> set[str]:
    """Compared one by one."""

    def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
        pairs = [(value(one, name), value(other, name)) for name in fields]
        return one is not other and not other["deleted"] and all(a is not None and a == b for a, b in pairs)

    return {one["key"] for one in people if any(same(one, other) for other in people)}


def test_both_evaluators_agree_with_a_comparison_of_all_with_all(worker: psycopg.Connection) -> None:
    world, matched = World(worker), 0

    @SETTINGS
    @given(st.lists(who, min_size=10, max_size=12), st.lists(sets, min_size=12, max_size=12))
    def agree(people: list[dict[str, Any]], asked: list[Any]) -> None:
        nonlocal matched
        keyed = [one | {"key": str(place)} for place, one in enumerate(people)]
        worker.execute("DELETE FROM campaigns_lead")
        for tenant in (ACME, ZETA):
            some = keyed if tenant == ACME else [one | {"key": f"other-{one['key']}"} for one in keyed]
            worker.execute(INSERT, {"tenant": tenant, "people": json.dumps(some)})
        for fields in asked:
            names = fields if isinstance(fields, list) else [fields]
            matched += world.agree({"duplicate": fields}, NOW)
            audience = Audience({"duplicate": fields}, world.schema, NOW)
            assert audience.narrowed.exact
            query = f"SELECT l.key FROM campaigns_lead AS l WHERE l.tenant_id = %s AND {audience.condition.text}"
            found = worker.execute(query, [ACME, *audience.condition.params]).fetchall()
            assert {key for (key,) in found} == duplicates(keyed, names), fields

    agree()
    assert matched > 0


def test_of_those_who_share_what_is_looked_up_no_more_are_compared_than_that(worker: psycopg.Connection) -> None:
    world = World(worker)
    people = [
        {"key": f"{place:04}", "first_name": "n/a", "last_name": "N/A", "string": str(place), "deleted": False}
        for place in range(COMPARED + 50)
    ]
    people[COMPARED - 1]["string"] = people[COMPARED + 40]["string"] = people[COMPARED + 41]["string"] = "same"
    worker.execute("DELETE FROM campaigns_lead")
    worker.execute(INSERT, {"tenant": ACME, "people": json.dumps(people)})
    worker.execute("ANALYZE campaigns_lead")
    audience = Audience({"duplicate": ["first_name", "last_name", "string"]}, world.schema, NOW)

    found = audience.read(worker, audience.page(worker, limit=1_000).ids)

    assert [lead.key for lead in found] == [people[COMPARED + 40]["key"], people[COMPARED + 41]["key"]]


def test_an_index_finds_those_to_compare_with_in_the_order_of_their_ids(worker: psycopg.Connection) -> None:
    world = World(worker)
    worker.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
    asked = {"email": "email", "phone": "phone", "name": ["first_name", "last_name"], "company": ["company", "string"]}
    for index, fields in asked.items():
        condition = Audience({"duplicate": fields}, world.schema, NOW).condition
        query = f"EXPLAIN SELECT l.id FROM campaigns_lead AS l WHERE l.tenant_id = %s AND {condition.text}"
        plan = str(worker.execute(query, [ACME, *condition.params]).fetchall())
        assert f"campaigns_lead_by_{index} " in plan and "Sort" not in plan


def test_a_bundle_finds_duplicates_of_its_tenant_alone(worker: psycopg.Connection) -> None:
    World(worker)
    merge = {
        "triggers": [{"type": "event", "event": "purchase"}],
        "filter": {"duplicate": ["first_name", "last_name", "company"]},
        "steps": [{"id": "score", "action": "change_score", "params": {"amount": 7}}],
    }
    for tenant, names in ((ACME, ("Ann", "ANN", "Bob")), (ZETA, ("Ann", "Bob", "Cid"))):
        with tenant_context(tenant):
            make_campaign(tenant, "merging", merge)
            for place, name in enumerate(names):
                lead = {"first_name": name, "last_name": "Smith", "company": Company.objects.get()}
                Lead.objects.create(tenant_id=tenant, key=f"k{place}", **lead)
    for tenant in (ACME, ZETA):
        events = [
            Event(
                id=f"{tenant}-{place}", tenant=tenant, lead=f"k{place}", type="purchase", accepted_at=NOW,
                occurred_at=NOW, data={"amount": "1"},
            )
            for place in range(3)
        ]  # fmt: skip
        assert executor(worker, handler.handle).execute([lane(events)]).dead == 0

    rows = worker.execute("SELECT tenant_id, key FROM campaigns_lead WHERE score = 7").fetchall()

    assert set(rows) == {(ACME, "k0"), (ACME, "k1")}
