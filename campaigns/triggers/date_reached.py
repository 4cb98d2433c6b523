"""A date of the lead comes, or its anniversary."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from campaigns.language.occasions import LEAP_DAYS
from campaigns.language.parameters import Choice
from campaigns.language.schema import DATE_REACHED, FieldSpec
from campaigns.language.scope import Scope
from campaigns.language.timed import hear_clock
from campaigns.language.timing import DateTiming
from campaigns.language.trigger import Subscription, trigger
from campaigns.language.values import show
from campaigns.language.waitkinds import ClockTime, Offset, ZoneValue, length_of

KEYS = {
    "field": "A field of dates, with a time or without",
    "offset": 'So long after the date, or before it: `{"amount": -3, "unit": "days"}`; a year at most',
    "yearly": "true: every year on that day, the date itself counted",
    "leap_day": "february_28 (unless given) or march_1: when years without a 29 February have its anniversary",
    "at": "The time of that day, such as 09:00; unless given the date's own, and of one without, midnight",
    "zone": "Whose clocks and days these are: tenant (unless given), lead (its field `timezone`), or a name",
}


@trigger("date_reached", label="A date is reached", keys=KEYS, hears=DATE_REACHED)
def date_reached(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The date comes, once for each lead and day. When it changes first, only the new one counts; nothing happens
    without a date, nor for a time that was past when the campaign was published, or when the lead got the date. `date`
    is the day, of an anniversary this year's, and `years` since when. What maintenance missed is done up to 24 hours
    late."""
    before = len(scope.faults)
    spec = _date_field(raw.get("field"), scope, f"{path}.field")
    offset = Offset("").prepare(raw.get("offset"), scope, f"{path}.offset", {})
    at = None if raw.get("at") is None else ClockTime("").prepare(raw["at"], scope, f"{path}.at", {})
    zone = ZoneValue("").prepare(raw.get("zone", "tenant"), scope, f"{path}.zone", {})
    yearly = raw.get("yearly", False)
    if not isinstance(yearly, bool):
        scope.fault(f"{path}.yearly", f"expected true or false, got {show(yearly)}")
    leap_day = Choice("", *LEAP_DAYS).prepare(raw.get("leap_day", LEAP_DAYS[0]), scope, f"{path}.leap_day", {})
    if spec is None or len(scope.faults) > before:
        return None
    whose = zone if isinstance(zone, ZoneInfo) else None
    days = length_of(offset) if offset else 0.0
    return hear_clock(raw, scope, path, DateTiming(spec.key, offset, yearly, leap_day, at, whose, days))


def _date_field(name: Any, scope: Scope, path: str) -> FieldSpec | None:
    spec = scope.find_field(name, path)
    if spec is not None and spec.type not in ("date", "datetime"):
        scope.fault(path, f"'{spec.key}' is of type {spec.type}; expected a field of dates, with a time or without")
        return None
    return spec
