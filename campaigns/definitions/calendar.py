"""Calendars: the days on which nobody is to be bothered."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from campaigns.language.definition import definition


@definition("calendar", label="Calendar")
class Calendar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Its holidays, each a day."""

    holidays: Annotated[tuple[date, ...], msgspec.Meta(max_length=2_000)] = ()
