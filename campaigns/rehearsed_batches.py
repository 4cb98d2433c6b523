"""The batches that a document would have started within a time: when, and for whom."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from itertools import islice, takewhile
from typing import Any

import msgspec

from campaigns.audience import Audience, InvalidFilterError
from campaigns.language.batch import batch_of
from campaigns.language.rehearsal import Muster
from campaigns.language.rulebook import Rulebook
from campaigns.language.schedule import TooRareError, read_schedule
from campaigns.language.schema import TenantSchema

BATCHES_LIMIT = 100  #: of one rehearsal, the first ones


def starts_of(document: Any, schema: TenantSchema, since: datetime, until: datetime) -> list[datetime]:
    """When batches would have been started: by the schedule, or without one at the beginning. None where the audience
    does not fit any more."""
    if batch_of(document) is None or not _fits(document, schema, since):
        return []
    schedule = read_schedule(document, schema.zone)
    if schedule is None:
        return [since]
    found: list[datetime] = []
    with suppress(TooRareError):
        found.extend(islice(takewhile(lambda moment: moment <= until, schedule.after(since)), BATCHES_LIMIT))
    return found


def _fits(document: Any, schema: TenantSchema, at: datetime) -> bool:
    try:
        _audience(document, schema, at)
    except InvalidFilterError:
        return False
    return True


def needs_of(document: Any, schema: TenantSchema, book: Rulebook, at: datetime) -> Rulebook:
    """The rulebook that has what the audience looks at loaded of leads too."""
    needs = _audience(document, schema, at).needs
    return msgspec.structs.replace(
        book,
        needs_lists=book.needs_lists or needs.needs_lists,
        needs_records=book.needs_records | needs.needs_records,
        needs_history=book.needs_history | needs.needs_history,
    )


def muster(document: Any, schema: TenantSchema, at: datetime) -> Muster:
    """A batch started at a moment."""
    audience = _audience(document, schema, at)
    return Muster(at, lambda leads: [lead for lead in leads if audience.matches(lead)])


def _audience(document: Any, schema: TenantSchema, at: datetime) -> Audience:
    return Audience((batch_of(document) or {}).get("audience"), schema, at)
