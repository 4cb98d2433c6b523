"""Refuse every channel for the lead, its address or its domain."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp, Skipped
from campaigns.language.parameters import Choice, Value


class AddToBlocklistParams(msgspec.Struct, frozen=True):
    """What is blocked and why."""

    scope: Annotated[str, Choice("What is blocked", "lead", "email", "domain")] = "lead"
    reason: Annotated[str | None, Value("Logged with it", "string")] = None


@action(
    "add_to_blocklist",
    label="Add to the blocklist",
    logs="blocklisted",
    params=AddToBlocklistParams,
    records=["blocklist"],
)
def add_to_blocklist(lead: LeadState, params: AddToBlocklistParams, context: Context) -> list[Effect] | NoOp | Skipped:
    """Nothing is sent to the lead any more, on no channel; or to that address, or that domain, whoever has it."""
    value = _value(lead, params.scope)
    if value is None:
        return Skipped("missing: the lead has no e-mail address")
    old = lead.records.get(("blocklist", params.scope))
    if old is not None and old["value"] == value:
        return NoOp()
    new = {"value": value, "since": context.occurred_at.isoformat()}
    if params.reason:
        new["reason"] = params.reason
    return [PutRecord("blocklist", params.scope, new)]


def _value(lead: LeadState, scope: str) -> str | None:
    if scope == "lead":
        return lead.key
    email: str | None = lead.values.get("email")
    if email is None or scope == "email":
        return email and email.casefold()
    return email.rpartition("@")[2].casefold() or None
