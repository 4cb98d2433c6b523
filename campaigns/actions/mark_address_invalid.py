"""Say that an address of the lead does not work."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp, Skipped
from campaigns.language.parameters import Choice, Literal, Value

#: The field that holds a channel's address.
ADDRESSES = {"email": "email", "sms": "phone", "whatsapp": "phone", "phone": "phone"}


class MarkAddressInvalidParams(msgspec.Struct, frozen=True):
    """Whose address, why, and whether for good."""

    channel: Annotated[str, Choice("The channel whose address it is", *ADDRESSES)]
    reason: Annotated[str | None, Value("Logged with it", "string")] = None
    hard: Annotated[bool | None, Literal("It will never work", "boolean")] = True


@action(
    "mark_address_invalid",
    label="Mark an address as invalid",
    logs="address_invalid",
    params=MarkAddressInvalidParams,
    records=["address"],
)
def mark_address_invalid(
    lead: LeadState, params: MarkAddressInvalidParams, context: Context
) -> list[Effect] | NoOp | Skipped:
    """The address cannot be used until the lead has another one."""
    field = ADDRESSES[params.channel]
    address = lead.values.get(field)
    if address is None:
        return Skipped(f"missing: the lead has no {field}")
    old = lead.records.get(("address", field), {})
    if old.get("invalid") == address and old["hard"] >= bool(params.hard):
        return NoOp()
    new = {"invalid": address, "hard": bool(params.hard), "since": context.occurred_at.isoformat()}
    if params.reason:
        new["reason"] = params.reason
    return [PutRecord("address", field, new)]
