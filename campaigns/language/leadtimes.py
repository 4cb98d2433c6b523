"""When a lead was made, and when what its row holds changed last: its fields, tags, company, freeze and deletion. Lists
and what is kept beside the row are not in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from campaigns.language.activity import ActivityRow
from campaigns.language.context import Context
from campaigns.language.history import FIELD_CHANGED, Remembered, ask
from campaigns.language.lead import LeadState

#: What changes of a lead elsewhere than in its row.
ELSEWHERE = {"lists"}
#: Events of people that changed a row, and what steps log that did, beside those that name a field or tags.
BY_PEOPLE = (FIELD_CHANGED, "tag.added", "tag.removed")
BY_STEPS = ("processing_restricted", "erasure_requested", "delete_lead", "restore_lead")


class LeadTimes(msgspec.Struct, frozen=True):
    """The instants; None where they are not known."""

    created_at: datetime | None = None
    updated_at: datetime | None = None


class TimesOf(msgspec.Struct, frozen=True):
    """When was the lead made, and changed last, as it is stored?"""

    def begin(self) -> LeadTimes:
        """What is known before anything is."""
        return LeadTimes()

    def note(self, known: LeadTimes, row: ActivityRow, context: Context) -> LeadTimes:
        """With one more activity, which tells who looks back; of a bundle the lead itself tells."""
        at = getattr(row, "recorded_at", row.occurred_at)  # what is played is recorded when it happens
        if row.kind == "lead.created":
            return LeadTimes(at, at)
        return LeadTimes(known.created_at, at) if _changed_row(row, context) else known

    def known(self, known: LeadTimes, context: Context) -> LeadTimes:
        """The answer."""
        return known


TIMES_OF = TimesOf()


def _changed_row(row: ActivityRow, context: Context) -> bool:
    data: dict[str, Any] = row.data
    if "event_id" in data:
        return row.kind in BY_PEOPLE
    if data.get("outcome") != "done":
        return False
    named = "old" in data and data.get("field") in context.schema.fields
    return named or "added" in data or "removed" in data or row.kind in BY_STEPS


def times_of(lead: LeadState, context: Context) -> LeadTimes:
    """As the row will say when what came before is committed: of what this bundle made or changed, it is now."""
    known: LeadTimes = ask(lead, TIMES_OF, context)
    if isinstance(lead.history, Remembered):
        return LeadTimes(_by(context, known.created_at), _by(context, known.updated_at))
    if lead.is_new:
        return LeadTimes(context.now, context.now)
    changed = lead.life_changed or not lead.changed <= ELSEWHERE
    return LeadTimes(known.created_at, context.now) if changed else known


def _by(context: Context, at: datetime | None) -> datetime | None:
    """To who looks back, what came later is not known."""
    return None if at is None or at > context.now else at
