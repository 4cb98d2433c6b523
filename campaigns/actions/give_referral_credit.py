"""Credit the lead who referred this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, PutRecord, SendEvent, SetField
from campaigns.language.lead import LeadState
from campaigns.language.names import name_fault
from campaigns.language.outcome import Failed, NoOp, Skipped
from campaigns.language.parameters import FieldRef, Key, Literal, Value
from campaigns.language.request import request
from campaigns.language.schema import FieldSpec

CREDITED = "lead.referral_credited"


class GiveReferralCreditParams(msgspec.Struct, frozen=True):
    """The programme, who referred the lead, and what that is worth."""

    programme: Annotated[str, Key("The referral programme, a name of your own")]
    referrer: Annotated[str | None, Value("The key of the lead who referred this one", "string", nullable=False)]
    amount: Annotated[Decimal | None, Value("What is credited", "decimal", nullable=False)]
    once: Annotated[bool | None, Literal("This lead earns it only once in the programme", "boolean")] = True
    field: Annotated[
        FieldSpec | None, FieldRef("A number of the referrer's that is raised by the amount", "integer", "decimal")
    ] = None


@action(
    "give_referral_credit",
    label="Give a referral credit",
    logs="referral_credit",
    params=GiveReferralCreditParams,
    kind="outside",
    records=["referral"],
    writes=["record:referral:{programme}"],
)
def give_referral_credit(
    lead: LeadState, params: GiveReferralCreditParams, context: Context
) -> list[Effect] | NoOp | Skipped | Failed:
    """The referrer is credited in their own order: the sum is kept with them, and campaigns may hear of it."""
    referrer = params.referrer
    if referrer is None:
        return Skipped("missing: there is no referrer")
    if params.amount is None:
        return Skipped("missing: there is no amount")
    if referrer == lead.key:
        return Skipped("policy: nobody refers themselves")
    fault = name_fault(referrer)
    if fault:
        return Failed(f"the key of the referrer {fault}")
    if params.once and ("referral", params.programme) in lead.records:
        return NoOp()
    amount = str(params.amount)
    data = {"programme": params.programme, "amount": amount, "field": params.field and params.field.key}
    given = {"lead": referrer, "amount": amount, "at": context.occurred_at.isoformat()}
    said = {"programme": params.programme, "amount": amount}
    return [SendEvent(referrer, CREDITED, data, said=said), PutRecord("referral", params.programme, given, quiet=True)]


@request(CREDITED, logs="referral_credit", records=["referral_credit"])
def credit(lead: LeadState, data: Mapping[str, Any], context: Context) -> Sequence[Effect] | Failed:
    """The sum of the programme grows, and the field that was named."""
    amount, programme = Decimal(str(data["amount"])), data["programme"]
    old = lead.records.get(("referral_credit", programme), {"total": "0", "count": 0})
    new = {"total": str(Decimal(old["total"]) + amount), "count": old["count"] + 1}
    effects: list[Effect] = [PutRecord("referral_credit", programme, new, {"amount": str(amount)})]
    if data["field"]:
        spec = context.schema.fields.get(data["field"])
        if spec is None:
            return Failed(f"there is no field {data['field']} any more")
        try:
            effects.append(SetField(spec.key, spec.cast(str((lead.get(spec.key) or 0) + amount))))
        except ValueError as error:
            return Failed(f"{spec.key}: {error}")
    return effects
