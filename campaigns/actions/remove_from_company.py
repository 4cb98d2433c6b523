"""Remove the lead from a company."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.companies import RECORDS, changed, companies
from campaigns.language.context import Context
from campaigns.language.effects import Effect, PutRecord, SetField
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp, Skipped
from campaigns.language.parameters import Value


class RemoveFromCompanyParams(msgspec.Struct, frozen=True):
    """The company."""

    company: Annotated[str | None, Value("The company's name", "string", nullable=False)]


@action(
    "remove_from_company",
    label="Remove from a company",
    logs="remove_from_company",
    params=RemoveFromCompanyParams,
    records=RECORDS,
    writes=["field:company", "record:company"],
)
def remove_from_company(
    lead: LeadState, params: RemoveFromCompanyParams, context: Context
) -> list[Effect] | NoOp | Skipped:
    """The lead belongs to the company no longer. Was it the main one, the lead has none until it is given one."""
    name = params.company
    if name is None:
        return Skipped("missing: there is no name of a company")
    if name not in companies(lead):
        return NoOp()
    left = changed(name, "left")
    effects: list[Effect] = [
        PutRecord("company", name, None, raises=left) if ("company", name) in lead.records else left
    ]
    return [*effects, SetField("company", None)] if lead.values.get("company") == name else effects
