"""Record that the lead consents to a purpose."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.consents import consents, next_key
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import NoOp
from campaigns.language.parameters import Choice, Value
from campaigns.language.references import DefinedRef

BASES = ("consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests")


class RecordConsentParams(msgspec.Struct, frozen=True):
    """The purpose, the lawful basis, the proof, and until when."""

    purpose: Annotated[Defined, DefinedRef("The purpose", "purpose")]
    basis: Annotated[str, Choice("The lawful basis (GDPR, article 6)", *BASES)] = "consent"
    proof: Annotated[str | None, Value("What shows it, such as the form and its version", "text")] = None
    expires: Annotated[datetime | None, Value("The end; null for no end", "datetime")] = None


@action(
    "record_consent", label="Record consent", logs="consent_recorded", params=RecordConsentParams, records=["consent"]
)
def record_consent(lead: LeadState, params: RecordConsentParams, context: Context) -> list[Effect] | NoOp:
    """One more row: what was recorded before is never overwritten. The same consent again is no row."""
    purpose = params.purpose.key
    said = {
        "granted": True,
        "basis": params.basis,
        "proof": params.proof,
        "expires": params.expires and params.expires.isoformat(),
    }
    last = consents(lead, purpose)[-1:]
    if last and {name: last[0].get(name) for name in said} == said:
        return NoOp()
    new = said | {"at": context.occurred_at.isoformat()}
    raises = Emit("consent.changed", {"purpose": purpose, "granted": True})
    return [PutRecord("consent", next_key(lead, purpose), new, raises=raises)]
