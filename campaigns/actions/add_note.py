"""Add a note to the lead's history."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, LogActivity
from campaigns.language.fieldkinds import BoundedText
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped

NOTE_LIMIT = 10_000  #: characters


class AddNoteParams(msgspec.Struct, frozen=True):
    """The note."""

    text: Annotated[str | None, BoundedText("What the note says", NOTE_LIMIT)]


@action("add_note", label="Add a note", logs="note_added", params=AddNoteParams)
def add_note(lead: LeadState, params: AddNoteParams, context: Context) -> list[Effect] | Skipped:
    """The note appears in the lead's history."""
    if params.text is None:
        return Skipped("missing: there is no text")
    return [LogActivity("note_added", {"text": params.text})]
