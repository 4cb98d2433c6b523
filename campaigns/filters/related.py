"""Which objects and opportunities belong to the lead, and how many of them are as asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.asking import COUNT_LIMIT, Bounds, read_bounds
from campaigns.language.constraints import RECORD, Constraint, Kept, constrain, equality, read_where
from campaigns.language.context import Context
from campaigns.language.eventtypes import AttributeSpec, event_type
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Node, condition, membership, read_membership
from campaigns.language.operator import Moment
from campaigns.language.scope import Scope
from campaigns.language.sqltext import FALSE, Sql, joined, sql
from campaigns.language.values import show

#: What is kept of a lead's part in an opportunity.
OPPORTUNITY = event_type(
    "opportunity", AttributeSpec("role", "string"), AttributeSpec("stage", "string"), AttributeSpec("amount", "decimal")
)


@condition("object")
def related_object(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """Objects of a type that belong to the lead: {"object": "car", "operator": "in", "where": [{"attribute": "seats",
    "operator": "at_least", "value": 5}], "relation": "owns", "count": {"at_least": 2}}."""
    negative = read_membership(raw, "object", scope, path, "where", "relation", "count")
    key, known = raw["object"], scope.schema.defined("object")
    found = known.get(key) if isinstance(key, str) else None
    if found is None:
        scope.fault(f"{path}.object", f"unknown object {show(key)}{scope.hint(key, known)}")
        return NEVER
    fields = event_type(found.key, *[AttributeSpec(name, type) for name, type in found.spec.fields.items()])
    where = read_where(raw.get("where", []), fields, scope, f"{path}.where", within=("fields",))
    if "relation" in raw:
        target = AttributeSpec("relation", "string")
        said = equality(raw["relation"], target.type)
        relation = constrain(said, (("relation",),), target, scope, f"{path}.relation")
        where = where if relation is None else (*where, relation)
    bounds = read_bounds(raw.get("count"), scope, f"{path}.count")
    scope.read_records("object")
    return membership(*_related("object", f"{found.key}:", where, bounds), negative=negative)


@condition("opportunity")
def opportunity(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """Opportunities that the lead has a part in, one by its id or, with null, any: {"opportunity": null, "operator":
    "in", "where": [{"attribute": "amount", "operator": "at_least", "value": 1000}], "count": {...}}. Beside the amount,
    `stage` and `role` can be asked."""
    negative = read_membership(raw, "opportunity", scope, path, "where", "count")
    key = raw["opportunity"]
    if key is not None and (not isinstance(key, str) or not key):
        scope.fault(f"{path}.opportunity", f"expected the id of an opportunity, or null for any, got {show(key)}")
        return NEVER
    where = read_where(raw.get("where", []), OPPORTUNITY, scope, f"{path}.where", within=())
    bounds = read_bounds(raw.get("count"), scope, f"{path}.count")
    scope.read_records("opportunity", key)
    return membership(
        *_related("opportunity", "" if key is None else key, where, bounds, whole=key is not None), negative=negative
    )


def _related(
    kind: str, key: str, where: tuple[Constraint, ...], bounds: Bounds, *, whole: bool = False
) -> tuple[Any, Any, Any]:
    """Whether so many records of a kind, whose key begins so or is this, are as asked, and which there are."""
    fewest, most = bounds

    def is_one(place: tuple[str, str]) -> bool:
        return place[0] == kind and (place[1] == key if whole else place[1].startswith(key))

    def belonging(lead: LeadState, context: Context) -> dict[str, Any]:
        return {place[1]: data for place, data in lead.records.items() if is_one(place)}

    def matches(lead: LeadState, context: Context) -> bool:
        records = map(Kept, belonging(lead, context).values())
        count = sum(all(one.holds(record, context) for one in where) for record in records)
        return fewest <= count and (most is None or count <= most)

    def test(moment: Moment) -> Sql:
        parts = [sql("r.key = {}" if whole else "starts_with(r.key, {})", key)]
        parts += [one.sql(moment, RECORD) or FALSE for one in where]
        return sql(
            "(SELECT count(*) FROM campaigns_record AS r WHERE r.tenant_id = l.tenant_id AND r.lead_id = l.id"
            " AND r.kind = {} AND {}) BETWEEN {} AND {}",
            kind, joined("AND", parts), fewest, COUNT_LIMIT**3 if most is None else most,
        )  # fmt: skip

    return matches, test, belonging
