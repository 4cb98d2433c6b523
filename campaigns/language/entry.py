"""How many leads a campaign lets in: `entry` in its document.

    {"canary": 10}      one in ten, the same ones for ever: who is among them stays so when the share rises
    {"cap": 1000}       so many different leads in all; who was in before may come again

The cap is exact: leads let in are counted in one record that the tenant's leads have in common, locked until the
commit. Of bundles that race for the last places one waits for the other and then sees its count.
"""

from __future__ import annotations

from typing import Any

import msgspec

from campaigns.language.chances import is_within
from campaigns.language.context import Context
from campaigns.language.effects import Effect, PutRecord, PutShared
from campaigns.language.lead import LeadState
from campaigns.language.parameters import WholeNumber
from campaigns.language.scope import Scope
from campaigns.language.shared import AUDIENCE

ADMITTED = "admitted"  #: the kind of record of a lead that was counted
CAP_LIMIT = 1_000_000_000


class Entry(msgspec.Struct, frozen=True):
    """The rule."""

    canary: int | None = None  #: percent
    cap: int | None = None


EVERYBODY = Entry()


def compile_entry(raw: Any, scope: Scope) -> Entry:
    """Check the rule and make it ready. Notes every fault."""
    if raw is None:
        return EVERYBODY
    if not isinstance(raw, dict):
        scope.fault("entry", 'expected an object such as {"canary": 10, "cap": 1000}')
        return EVERYBODY
    scope.expect_keys(raw, "entry", ("canary", "cap"))
    canary, cap = _read(raw, "canary", 100, scope), _read(raw, "cap", CAP_LIMIT, scope)
    if cap is not None:
        scope.needs_records |= {AUDIENCE, ADMITTED}
    return Entry(canary, cap)


def _read(raw: dict[str, Any], name: str, most: int, scope: Scope) -> int | None:
    value = raw.get(name)
    return None if value is None else WholeNumber("", 1, most).prepare(value, scope, f"entry.{name}", {})


def closed(entry: Entry, campaign: str, lead: LeadState) -> str | None:
    """Why the campaign does not let the lead in, or None."""
    if entry.canary is not None and not is_within(entry.canary, "canary", lead.tenant, campaign, lead.key):
        return f"is not among the {entry.canary} % that the campaign is tried on"
    if entry.cap is None or (ADMITTED, campaign) in lead.records:
        return None
    count = (lead.shared.get(AUDIENCE, campaign, make=True) or {}).get("count", 0)
    return f"it has had its {entry.cap:,} leads" if count >= entry.cap else None


def counted(entry: Entry, campaign: str, lead: LeadState, context: Context) -> list[Effect]:
    """What is kept of a lead that comes in, where leads are counted."""
    if entry.cap is None or (ADMITTED, campaign) in lead.records:
        return []
    count = (lead.shared.get(AUDIENCE, campaign, make=True) or {}).get("count", 0)
    kept = PutRecord(ADMITTED, campaign, {"at": context.occurred_at.isoformat()}, quiet=True)
    return [PutShared(AUDIENCE, campaign, {"count": count + 1}), kept]
