"""Add the lead to a company."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.companies import COMPANIES_LIMIT, RECORDS, changed, companies, company
from campaigns.language.context import Context
from campaigns.language.effects import Effect, PutRecord, SetField
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp, Skipped
from campaigns.language.parameters import Literal, Value


class AddToCompanyParams(msgspec.Struct, frozen=True):
    """The company, and what it is to the lead."""

    company: Annotated[str | None, Value("The company's name", "string", nullable=False)]
    primary: Annotated[bool | None, Literal("Whether it becomes the lead's main company", "boolean")] = True
    create_missing: Annotated[bool | None, Literal("Whether a company of a new name is made", "boolean")] = False


@action(
    "add_to_company",
    label="Add to a company",
    logs="add_to_company",
    params=AddToCompanyParams,
    records=RECORDS,
    writes=["field:company", "record:company"],
)
def add_to_company(lead: LeadState, params: AddToCompanyParams, context: Context) -> list[Effect] | NoOp | Skipped:
    """The lead belongs to the company afterwards, beside others it belongs to already."""
    name, known = params.company, companies(lead)
    if name is None:
        return Skipped("missing: there is no name of a company")
    if name not in known and company(lead, name, make=bool(params.create_missing)) is None:
        return Skipped(f"missing: there is no company {name}; set create_missing to make it")
    if name not in known and len(known) >= COMPANIES_LIMIT:
        return Skipped(f"policy: the lead belongs to {COMPANIES_LIMIT} companies already")
    effects: list[Effect] = []
    if name not in known or (params.primary and name != lead.values.get("company")):
        effects = _join(lead, name, bool(params.primary), context)
    return effects or NoOp()


def _join(lead: LeadState, name: str, primary: bool, context: Context) -> list[Effect]:
    since = {"since": context.occurred_at.isoformat()}
    main: str | None = lead.values.get("company")
    effects: list[Effect] = []
    if name not in companies(lead):
        effects.append(PutRecord("company", name, since, raises=changed(name, "joined")))
    if primary:
        if main is not None and ("company", main) not in lead.records:  # it stays one of the lead's companies
            effects.append(PutRecord("company", main, since, quiet=True))
        effects.append(SetField("company", name))
    return effects
