"""Write the time of the event, or of now, into a date field."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, NoOp
from campaigns.language.parameters import Choice, FieldRef, Literal, PeriodValue
from campaigns.language.periods import Period, shift, shift_day
from campaigns.language.schema import FieldSpec


class StampDateParams(msgspec.Struct, frozen=True):
    """A date or time field, and which time goes into it."""

    field: Annotated[FieldSpec, FieldRef("The field to stamp", "date", "datetime")]
    mode: Annotated[str, Choice("When the event occurred, or now", "event_time", "now")] = "event_time"
    offset: Annotated[Period | None, PeriodValue("Added to that time; a negative amount goes back")] = None
    only_if_empty: Annotated[bool | None, Literal("Leave a value that is there", "boolean")] = False


@action("stamp_date", label="Stamp a date", logs="change_data_value", params=StampDateParams)
def stamp_date(lead: LeadState, params: StampDateParams, context: Context) -> list[Effect] | NoOp | Failed:
    """The field takes the time; a date field takes the day it is then in the tenant's time zone."""
    field = params.field
    if params.only_if_empty and lead.values.get(field.key) is not None:
        return NoOp("the field has a value")
    instant = context.now if params.mode == "now" else context.occurred_at
    try:
        return [SetField(field.key, _stamp(instant, params, context))]
    except (OverflowError, ValueError):
        return Failed("the time is outside the years 1 to 9999")


def _stamp(instant: datetime, params: StampDateParams, context: Context) -> date:
    schema = context.schema
    period = params.offset
    if params.field.type == "date" and (period is None or period.is_of_days):
        day = schema.day(instant)
        return day if period is None else shift_day(day, period)
    moved = instant if period is None else shift(instant, period, schema.zone)
    return schema.day(moved) if params.field.type == "date" else moved
