"""Write what is known of the lead's main company."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.companies import RECORDS, company, put_company
from campaigns.language.context import Context
from campaigns.language.effects import Effect
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped
from campaigns.language.references import CompanyValues


class UpdateCompanyParams(msgspec.Struct, frozen=True):
    """Fields and their values."""

    fields: Annotated[tuple[tuple[str, Any], ...], CompanyValues("Fields of companies and their new values")]


@action(
    "update_company", label="Update the company", logs="company_changed", params=UpdateCompanyParams, records=RECORDS
)
def update_company(lead: LeadState, params: UpdateCompanyParams, context: Context) -> list[Effect] | Skipped:
    """The lead's main company has these values; what is not given stays, null takes a value away. All leads of the
    company share them."""
    name = lead.values.get("company")
    held = None if name is None else company(lead, name)
    if held is None:
        return Skipped("missing: the lead has no main company")
    given = dict(params.fields)
    fields = {field: value for field, value in (held["fields"] | given).items() if value is not None}
    old = {field: held["fields"].get(field) for field in given}
    return [put_company(name, held | {"fields": fields}, "fields", {"old": old, "new": given})]
