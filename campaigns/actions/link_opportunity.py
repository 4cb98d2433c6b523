"""Connect the lead with an opportunity, change that, or end it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp, Skipped
from campaigns.language.parameters import Choice, Value


class LinkOpportunityParams(msgspec.Struct, frozen=True):
    """The opportunity, what to do, and what is known of it. What is not given stays as it is."""

    opportunity: Annotated[str | None, Value("The opportunity's id", "string", nullable=False)]
    op: Annotated[str, Choice("What to do", "add", "update", "remove")] = "add"
    role: Annotated[str | None, Value("The lead's part in it", "string")] = None
    stage: Annotated[str | None, Value("How far it is", "string")] = None
    amount: Annotated[Decimal | None, Value("What it is worth", "decimal")] = None


@action(
    "link_opportunity",
    label="Link an opportunity",
    logs="opportunity_changed",
    params=LinkOpportunityParams,
    records=["opportunity"],
)
def link_opportunity(lead: LeadState, params: LinkOpportunityParams, context: Context) -> list[Effect] | NoOp | Skipped:
    """Added, the lead takes part in it; updated, only if it did already; removed, no longer."""
    key = params.opportunity
    if key is None:
        return Skipped("missing: there is no opportunity")
    old = lead.records.get(("opportunity", key))
    if params.op == "remove":
        return [PutRecord("opportunity", key, None, raises=_event(key, "remove", old or {}))] if old else NoOp()
    if old is None and params.op == "update":
        return Skipped(f"policy: the lead has no part in {key}")
    new = (old or {}) | _known(params)
    return [PutRecord("opportunity", key, new, raises=_event(key, "add" if old is None else "update", new))]


def _known(params: LinkOpportunityParams) -> dict[str, Any]:
    amount = None if params.amount is None else str(params.amount)
    given = {"role": params.role, "stage": params.stage, "amount": amount}
    return {name: value for name, value in given.items() if value is not None}


def _event(key: str, change: str, data: dict[str, Any]) -> Emit:
    return Emit("opportunity.changed", {"opportunity": key, "change": change, "stage": data.get("stage")})
