"""Move the date in a field."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SetField
from campaigns.language.fieldkinds import ShiftUnit
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, Skipped
from campaigns.language.parameters import FieldRef, Value
from campaigns.language.periods import BUSINESS_DAYS, Period, at_same_time, shift, shift_business_days, shift_day
from campaigns.language.schema import FieldSpec


class ShiftDateParams(msgspec.Struct, frozen=True):
    """A date or time field, and how far it moves."""

    field: Annotated[FieldSpec, FieldRef("The date to move", "date", "datetime")]
    amount: Annotated[int | None, Value("How far; a negative amount goes back", "integer", nullable=False)]
    unit: Annotated[str, ShiftUnit("Of the amount; business_days are Monday to Friday", of="field", amount="amount")]


@action("shift_date", label="Shift a date", logs="change_data_value", params=ShiftDateParams)
def shift_date(lead: LeadState, params: ShiftDateParams, context: Context) -> list[Effect] | Skipped | Failed:
    """The date moves by the amount. Business days, months and years keep the time of day in the tenant's time zone;
    a day is 24 hours."""
    key = params.field.key
    old = lead.values.get(key)
    if old is None:
        return Skipped(f"missing: field {key} has no value")
    if params.amount is None:
        return Skipped("missing: there is no amount")
    try:
        return [SetField(key, _shift(old, params.amount, params.unit, context.schema.zone))]
    except (OverflowError, ValueError):
        return Failed(f"{key} would be outside the years 1 to 9999; use a smaller amount")


def _shift(old: date, amount: int, unit: str, zone: ZoneInfo) -> date:
    is_instant = isinstance(old, datetime)
    if unit == BUSINESS_DAYS:
        move = partial(shift_business_days, amount=amount)
        return at_same_time(old, move, zone) if is_instant else move(old)
    period = Period(amount, unit)
    return shift(old, period, zone) if is_instant else shift_day(old, period)
