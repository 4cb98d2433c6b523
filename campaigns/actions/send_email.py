"""Send an e-mail to the lead."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.addresses import is_address
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Deliver, Effect, Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.messages import DESTINATION, EmailRef, Letter
from campaigns.language.outcome import BadValueError, Failed, MissingValueError, Outcome, Skipped
from campaigns.language.parameters import Choice
from campaigns.language.references import DefinedRef
from campaigns.language.refusals import RECORDS, Asked, refusal

CHANNEL = "email"


class SendEmailParams(msgspec.Struct, frozen=True):
    """The e-mail, what it is for, and how often a lead gets it."""

    email: Annotated[Letter, EmailRef("The e-mail to send")]
    topic: Annotated[Defined | None, DefinedRef("Not to leads that unsubscribed from it", "topic")] = None
    purpose: Annotated[Defined | None, DefinedRef("Only to leads that consent to it", "purpose")] = None
    sort: Annotated[
        str, Choice("Operational mails pass though marketing is blocked or suspended", "marketing", "operational")
    ] = msgspec.field(default="marketing", name="class")
    dedupe: Annotated[
        str, Choice("How often a lead gets it: once ever, once in a run, every time", "ever", "run", "every")
    ] = "run"


@action(
    "send_email",
    label="Send an e-mail",
    logs="send_email",
    params=SendEmailParams,
    kind="outside",
    records=[*RECORDS, "sent"],
    reads=["field:email"],
    writes=["record:sent:{email}"],
)
def send_email(lead: LeadState, params: SendEmailParams, context: Context) -> list[Effect] | Outcome:
    """The e-mail is written as the lead is now and sent after the commit, unless a rule forbids it or a value is
    missing that it speaks of without a default."""
    letter, address = params.email, lead.values.get("email") or ""
    reason = letter.refusal or _refusal(lead, params, address, context)
    if reason is not None:
        return Skipped(reason, _not_sent(letter, "skipped", reason))
    try:
        parts = letter.write(lead, context)
    except MissingValueError as missing:
        return Skipped(str(missing), _not_sent(letter, "skipped", str(missing)))
    except BadValueError as error:
        return Failed(str(error), _not_sent(letter, "failed", str(error)))
    asked = msgspec.to_builtins(_asked(params, address))
    said = {"email": letter.key, "to": address, "subject": parts["subject"], "class": params.sort}
    return [
        Deliver(CHANNEL, DESTINATION, letter.key, {**parts, "asked": asked}, said),
        PutRecord("sent", letter.key, _count(lead, letter, context), quiet=True),
    ]


def _refusal(lead: LeadState, params: SendEmailParams, address: str, context: Context) -> str | None:
    if not address:
        return "missing: the lead has no e-mail address"
    if not is_address(address):
        return "policy: the lead's e-mail address is none"
    return (
        _had_already(lead, params, context)
        or refusal(lead, _asked(params, address), context.now)
        or _unconfirmed(lead, params)
    )


def _had_already(lead: LeadState, params: SendEmailParams, context: Context) -> str | None:
    sent = lead.records.get(("sent", params.email.key))
    if sent is None or params.dedupe == "every" or (params.dedupe == "run" and sent["run"] != context.run.id):
        return None
    return f"policy: the lead has had it {'already' if params.dedupe == 'ever' else 'in this run'}"


def _unconfirmed(lead: LeadState, params: SendEmailParams) -> str | None:
    topic = params.topic
    if topic is None or params.sort != "marketing" or not topic.spec.double_opt_in:
        return None
    known = ("subscription", f"{topic.key}:{CHANNEL}") in lead.records
    return None if known else f"policy: the lead has not subscribed to {topic.key}"


def _asked(params: SendEmailParams, address: str) -> Asked:
    topic, purpose = (None if one is None else one.key for one in (params.topic, params.purpose))
    return Asked(CHANNEL, address, params.sort == "marketing", topic, purpose)


def _count(lead: LeadState, letter: Letter, context: Context) -> dict[str, object]:
    before = lead.records.get(("sent", letter.key), {}).get("count", 0)
    return {"at": context.now.isoformat(), "count": before + 1, "run": context.run.id}


def _not_sent(letter: Letter, outcome: str, reason: str) -> Emit:
    return Emit("message.failed", {"channel": CHANNEL, "message": letter.key, "outcome": outcome, "reason": reason})
