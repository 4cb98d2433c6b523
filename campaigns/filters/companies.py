"""What is known of the lead's main company: its fields and its score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.condition import SWITCHES
from campaigns.language.constraints import Kept, constrain
from campaigns.language.context import Context
from campaigns.language.eventtypes import AttributeSpec
from campaigns.language.history import CompanyOf, ask
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Leaf, Node, condition
from campaigns.language.scope import Scope
from campaigns.language.shared import COMPANY
from campaigns.language.sqltext import FALSE, Sql
from campaigns.language.touches import record_name
from campaigns.language.values import show

SCORE = "score"
#: What is kept of the company of a lead `l`.
DATA = Sql(
    "(SELECT jsonb_build_object('fields', c.fields, 'score', c.score) FROM campaigns_company AS c"
    " WHERE c.tenant_id = l.tenant_id AND c.id = l.company_id)"
)


@condition("company_field")
def company_field(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """A field of the lead's main company, or its `score`: {"company_field": "size", "operator": "at_least",
    "value": 50}. Of a company that the lead joined by the present event nothing is known yet."""
    scope.expect_keys(raw, path, ("company_field", "operator", "value", *SWITCHES))
    known = {name: type for one in scope.schema.defined("company").values() for name, type in one.spec.fields.items()}
    name, types = raw["company_field"], {**known, SCORE: "integer"}
    if not isinstance(name, str) or name not in types:
        scope.fault(f"{path}.company_field", f"unknown field of companies {show(name)}{scope.hint(name, types)}")
        return NEVER
    scope.find_field("company", path)
    place = (SCORE,) if name == SCORE else ("fields", name)
    one = constrain(raw, (place,), AttributeSpec(name, types[name]), scope, path)
    if one is None:
        return NEVER
    scope.needs_history.add(LOOK)
    if scope.compares:
        scope.reads.add(record_name(COMPANY))

    def matches(lead: LeadState, context: Context) -> bool:
        return one.holds(Kept(_company(lead, context)), context)

    return Leaf(
        matches, lambda moment: one.sql(moment, DATA) or FALSE, lambda who, at: one.value(Kept(_company(who, at)))
    )


LOOK = CompanyOf()


def _company(lead: LeadState, context: Context) -> dict[str, Any]:
    """As this bundle has changed it, or else as it is stored."""
    name = lead.values.get("company")
    shared = getattr(lead, "shared", None)
    changed = None if shared is None else shared.records.get((COMPANY, name))
    known = changed or ask(lead, LOOK, context) or {}
    return known if changed or known.get("name") == name else {}
