"""Whether another lead of the tenant has the same e-mail address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.context import Context
from campaigns.language.history import Look, ask
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Node, condition, membership, read_membership
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql
from campaigns.language.values import show

EMAIL = "email"
#: Served by campaigns_lead_by_email.
TEST = Sql(
    "EXISTS (SELECT FROM campaigns_lead AS m JOIN campaigns_lead AS d ON d.tenant_id = m.tenant_id AND d.id <> m.id"
    " AND d.email IS NOT NULL"
    " AND hashtextextended(campaigns_fold(d.email), 0) = hashtextextended(campaigns_fold(m.email), 0)"
    " AND campaigns_fold(d.email) = campaigns_fold(m.email)"
    " WHERE m.tenant_id = l.tenant_id AND m.id = l.id AND d.deleted_at IS NULL AND d.merged_into IS NULL)"
)
LOOK = Look("duplicate", TEST)


@condition("duplicate")
def duplicate(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """Another lead has the same e-mail address, but for case: {"duplicate": "email", "operator": "in"}; as stored
    before the present event, so an address that it has brought is none yet."""
    negative = read_membership(raw, "duplicate", scope, path)
    if raw["duplicate"] != EMAIL:
        message = "only e-mail addresses are looked up among all leads: other fields have no index"
        scope.fault(f"{path}.duplicate", f"expected {EMAIL}, got {show(raw['duplicate'])}; {message}")
        return NEVER
    scope.find_field(EMAIL, path)
    scope.needs_history.add(LOOK)

    def matches(lead: LeadState, context: Context) -> bool:
        return EMAIL not in lead.changed and bool(ask(lead, LOOK, context))

    return membership(matches, lambda moment: TEST, negative=negative)
