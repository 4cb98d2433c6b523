"""Record that the lead consents to a purpose no longer."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.consents import consents, next_key
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp
from campaigns.language.references import DefinedRef


class WithdrawConsentParams(msgspec.Struct, frozen=True):
    """The purpose."""

    purpose: Annotated[Defined, DefinedRef("The purpose", "purpose")]


@action(
    "withdraw_consent",
    label="Withdraw consent",
    logs="consent_withdrawn",
    params=WithdrawConsentParams,
    records=["consent"],
)
def withdraw_consent(lead: LeadState, params: WithdrawConsentParams, context: Context) -> list[Effect] | NoOp:
    """One more row that says so; the consent stays on record. Without a consent there is nothing to withdraw."""
    purpose = params.purpose.key
    last = consents(lead, purpose)[-1:]
    if not last or not last[0]["granted"]:
        return NoOp()
    new = {"granted": False, "at": context.occurred_at.isoformat()}
    raises = Emit("consent.changed", {"purpose": purpose, "granted": False})
    return [PutRecord("consent", next_key(lead, purpose), new, raises=raises)]
