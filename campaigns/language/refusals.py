"""Why a lead is sent nothing: asked when a message is decided, and again just before it is sent."""

from __future__ import annotations

from datetime import datetime

import msgspec

from campaigns.language.consents import is_granted
from campaigns.language.lead import LeadState

#: Kinds of records that decide it.
RECORDS = ("address", "block", "blocklist", "consent", "marketing", "subscription")


class Asked(msgspec.Struct, frozen=True):
    """What would be sent, as far as rules care. Kept in the body of a delivery."""

    channel: str
    address: str
    marketing: bool
    topic: str | None = None
    purpose: str | None = None


def refusal(lead: LeadState, asked: Asked, now: datetime) -> str | None:
    """The first rule that forbids it, or None. Operational messages heed only what makes the address unusable."""
    return (
        _unusable(lead, asked)
        or (_unwanted(lead, asked, now) if asked.marketing else None)
        or _without_consent(lead, asked, now)
    )


def _unusable(lead: LeadState, asked: Asked) -> str | None:
    folded = asked.address.casefold()
    blocked = {scope: lead.records.get(("blocklist", scope), {}).get("value") for scope in ("lead", "email", "domain")}
    if blocked["lead"] or blocked["email"] == folded or blocked["domain"] == folded.rpartition("@")[2]:
        return "policy: the lead is on the blocklist"
    if lead.records.get(("address", asked.channel), {}).get("invalid") == asked.address:
        return "policy: the address is marked as invalid"
    return None


def _unwanted(lead: LeadState, asked: Asked, now: datetime) -> str | None:
    block = lead.records.get(("block", asked.channel))
    if block is not None:
        return f"policy: {asked.channel} is blocked ({block['reason']})"
    suspended = lead.records.get(("marketing", "suspended"))
    if suspended is not None and (suspended["until"] is None or datetime.fromisoformat(suspended["until"]) > now):
        return "policy: marketing is suspended"
    state = lead.records.get(("subscription", f"{asked.topic}:{asked.channel}"), {}).get("state", "none")
    if asked.topic is not None and state in ("unsubscribed", "pending"):
        return f"policy: the subscription of {asked.topic} is {state}"
    return None


def _without_consent(lead: LeadState, asked: Asked, now: datetime) -> str | None:
    if asked.purpose is None or is_granted(lead, asked.purpose, now):
        return None
    return f"policy: no consent to {asked.purpose}"
