"""The companies that a lead belongs to. One is its main company; all are known by name."""

from __future__ import annotations

from typing import Any

from campaigns.language.effects import Emit, PutShared
from campaigns.language.lead import LeadState
from campaigns.language.shared import COMPANY

CHANGES = ("joined", "left", "fields", "score")
COMPANIES_LIMIT = 50  #: of one lead

#: What an action about companies declares among its records.
RECORDS = ("company", COMPANY)


def companies(lead: LeadState) -> list[str]:
    """Their names, the main one first."""
    main = lead.values.get("company")
    others = sorted(key for kind, key in lead.records if kind == "company" and key != main)
    return [main, *others] if main is not None else others


def company(lead: LeadState, name: str, *, make: bool = False) -> dict[str, Any] | None:
    """What is kept of a company: fields and score. None where there is no such company."""
    found = lead.shared.get(COMPANY, name, make=make)
    return None if found is None else {"fields": {}, "score": 0} | found


def changed(name: str, change: str) -> Emit:
    """The event of the lead that a change of its company is."""
    return Emit("company.changed", {"company": name, "change": change})


def put_company(name: str, new: dict[str, Any], change: str, said: dict[str, Any]) -> PutShared:
    """The company becomes this; what is said of it is logged."""
    return PutShared(COMPANY, name, new, {"company": name, **said}, changed(name, change))
