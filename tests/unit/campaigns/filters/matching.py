"""One filter asked about one lead."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from campaigns.language.lead import LeadState
from campaigns.language.schema import TenantSchema
from tests.unit.campaigns.acme import ACME, NOW, campaign, event, faults, lead, rulebook, run, step

MARK = step("change_score", amount=1)


def matches(
    condition: dict[str, Any],
    who: LeadState | None = None,
    tenant: TenantSchema = ACME,
    now: datetime = NOW,
    **data: Any,
) -> bool:
    """Whether a purchase of the lead passes the filter."""
    who = who or lead()
    run(rulebook(campaign(MARK, filter=condition), tenant=tenant), who, event(**data), now=now)
    return who.values.get("score") == 1


def asks(field: str, operator: str, value: Any = None, **switches: Any) -> dict[str, Any]:
    """A filter on a field."""
    return {"field": field, "operator": operator, **({} if value is None else {"value": value}), **switches}


def fault(condition: Any) -> str:
    """The one fault of a filter."""
    found = faults(campaign(MARK, filter=condition))
    assert len(found) == 1, found
    return found[0]
