"""When a campaign's batches start by themselves, in words. Takes any JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from campaigns.admin.words import show, spaced
from campaigns.language import walltime
from campaigns.language.schedule import RUN_ALL_LIMIT

EVERY = {"HOURLY": "hour", "DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
DAYS = {name[:2].upper(): name.capitalize() for name in walltime.DAYS}
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
COUNTED = {"1": "first", "2": "second", "3": "third", "4": "fourth", "5": "fifth", "-1": "last", "-2": "second to last"}
MISSED = {
    "skip": "A time that was missed is left out.",
    "run_once": "Times that were missed are made up for once.",
    "run_all": f"Each time that was missed is made up for, of the last {RUN_ALL_LIMIT}.",
}


def schedule_texts(raw: Any) -> Iterator[str]:
    """A sentence for the rule, and one for what was missed."""
    if not isinstance(raw, dict):
        yield show(raw)
        return
    told = dict(raw)
    rule, starts, zone, missed = (told.pop(name, None) for name in ("rule", "starts", "zone", "missed"))
    parts = [
        _rule(rule) if isinstance(rule, str) else show(rule),
        f"from {_moment(show(starts))} on" if starts is not None else "",
        f"by the clocks of {show(zone)}" if zone is not None else "by the tenant's clocks",
    ]
    yield ", ".join(filter(None, parts)) + "."
    if missed is not None:
        yield MISSED.get(missed, "") if isinstance(missed, str) and missed in MISSED else f"missed {show(missed)}"
    yield from (f"{spaced(name)} {show(value)}" for name, value in told.items())


def _rule(rule: str) -> str:
    """An RRULE; what it says beyond what is known here is shown as it is written."""
    pairs = [part.partition("=") for part in rule.strip().upper().removeprefix("RRULE:").split(";") if part]
    parts = {name: value for name, _, value in pairs}
    unit = EVERY.get(parts.pop("FREQ", ""))
    if unit is None:
        return rule
    interval = parts.pop("INTERVAL", "1")
    said = [f"Every {unit}" if interval == "1" else f"Every {interval} {unit}s"]
    said += [tell(parts.pop(name).split(",")) for name, tell in TELLERS if name in parts]
    said += [_hours(parts.pop("BYHOUR", ""), parts.pop("BYMINUTE", ""))]
    said += [f"until {_day(parts.pop('UNTIL'))}" if "UNTIL" in parts else ""]
    said += [f"{parts.pop('COUNT')} times in all" if "COUNT" in parts else ""]
    said += [f"weeks beginning on {DAYS.get(day, day)}" if (day := parts.pop("WKST", "")) else ""]
    return " ".join(filter(None, said + [f"{name}={value}" for name, value in parts.items()]))


def _weekdays(given: list[str]) -> str:
    return "on " + _listed(f"{_counted(one[:-2])}{DAYS.get(one[-2:], one[-2:])}" for one in given)


def _counted(number: str) -> str:
    return f"the {COUNTED.get(number.lstrip('+'), number)} " if number else ""


def _month_days(given: list[str]) -> str:
    return "on " + _listed("the last day" if one == "-1" else f"day {one}" for one in given) + " of the month"


def _months(given: list[str]) -> str:
    return "in " + _listed(MONTHS[int(one) - 1] if one.isdecimal() and 1 <= int(one) <= 12 else one for one in given)


def _positions(given: list[str]) -> str:
    return "only the " + _listed(COUNTED.get(one.lstrip("+"), one) for one in given) + " of them"


def _hours(hours: str, minutes: str) -> str:
    if not hours:
        return f"at minute {_listed(minutes.split(','))}" if minutes else ""
    return "at " + _listed(
        f"{hour:0>2}:{minute:0>2}" for hour in hours.split(",") for minute in (minutes or "0").split(",")
    )


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if text[:8].isdecimal() and len(text) >= 8 else text


def _moment(text: str) -> str:
    return text.replace("T", " ")


def _listed(parts: Any) -> str:
    """One, two and three."""
    *most, last = list(parts)
    return f"{', '.join(most)} and {last}" if most else last


TELLERS = (("BYMONTH", _months), ("BYMONTHDAY", _month_days), ("BYDAY", _weekdays), ("BYSETPOS", _positions))
