"""When a campaign's batches start by themselves: `schedule` in its document.

{"rule": "RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=9", "starts": "2026-11-23T09:00", "missed": "run_once"}

Times are what clocks show in the tenant's zone, or in `zone`. Where they are put forward over a time, it is taken for
the moment at which they are, unless that is less than an hour from another time of the rule: then it is left out, so
that an hourly batch stays hourly. What clocks show twice is meant the first time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from dateutil.rrule import rrule, rrulestr

from campaigns.language.clocks import zone_named
from campaigns.language.scope import Scope
from campaigns.language.values import show
from campaigns.language.walltime import instant_of

MISSED = ("skip", "run_once", "run_all")
KEYS = ("rule", "starts", "zone", "missed")
FREQUENCIES = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
PARTS = (
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "WKST",
    "BYMONTH",
    "BYMONTHDAY",
    "BYDAY",
    "BYHOUR",
    "BYMINUTE",
    "BYSETPOS",
)
RULE_LIMIT = 500  #: characters

#: Days, or hours of hourly rules, looked at for one time: 11 years of hours. A rule may never be fulfilled.
LOOKS_LIMIT = 100_000
#: A time that was reached so much later was missed.
GRACE = timedelta(minutes=15)
#: So many of the times that were missed are made up for, the latest ones.
RUN_ALL_LIMIT = 24

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


class TooRareError(ValueError):
    """The rule has no time that could be found."""


class _Months:
    """The months of a rule, which it asks for with every day or hour that it looks at; so many are answered."""

    def __init__(self, months: Iterable[int] | None) -> None:
        self.months = tuple(months or range(1, 13))
        self.looks = 0

    def __iter__(self) -> Iterator[int]:
        return iter(self.months)

    def __contains__(self, month: int) -> bool:
        self.looks += 1
        if self.looks > LOOKS_LIMIT:
            raise TooRareError(
                f"no time is found among {LOOKS_LIMIT:,} days or hours; use a rule that comes more often"
            )
        return month in self.months


class Schedule(msgspec.Struct, frozen=True):
    """A rule with its first time."""

    rule: str
    starts: datetime  #: without a zone
    zone: ZoneInfo
    missed: str = "skip"

    def after(self, instant: datetime) -> Iterator[datetime]:
        """The times after an instant, in order. Raises TooRareError."""
        local = instant.astimezone(self.zone).replace(tzinfo=None) - _DAY
        last = instant
        for moment in self._moments(local):
            if moment > last:
                last = moment
                yield moment

    def _moments(self, local: datetime) -> Iterator[datetime]:
        """The times after what clocks show. One that they never show needs an hour between it and its neighbours."""
        before = unshown = None
        for shown in self._bounded().xafter(local):
            moment = instant_of(shown, self.zone).astimezone(UTC)
            if unshown is not None and moment - unshown >= _HOUR:
                yield unshown
            unshown = None
            if moment.astimezone(self.zone).replace(tzinfo=None) == shown:
                before = moment
                yield moment
            elif before is None or moment - before >= _HOUR:
                unshown = moment
        if unshown is not None:
            yield unshown

    def next_after(self, instant: datetime) -> datetime | None:
        """The first time after an instant; None when there is none any more."""
        return next(self.after(instant), None)

    def due(self, planned: datetime, now: datetime) -> tuple[list[datetime], datetime | None]:
        """The times from the planned one until now at which a batch is to be started, and the one planned next."""
        times, coming = [planned], None
        for moment in self.after(planned):
            if moment > now:
                coming = moment
                break
            times.append(moment)
        if self.missed == "run_all":
            return times[-RUN_ALL_LIMIT:], coming
        is_late = now - times[-1] > GRACE
        return ([] if is_late and self.missed == "skip" else times[-1:]), coming

    def _bounded(self) -> rrule:
        rule = rrulestr(self.rule, dtstart=self.starts)
        rule._bymonth = _Months(rule._bymonth)
        return rule


def read_schedule(document: Any, zone: ZoneInfo) -> Schedule | None:
    """The schedule of a document that was published, if it has one."""
    raw = document.get("schedule") if isinstance(document, dict) else None
    return None if raw is None else _build(raw, zone)


def _build(raw: dict[str, Any], zone: ZoneInfo) -> Schedule:
    named = zone_named(raw["zone"]) if raw.get("zone") else None
    starts = datetime.fromisoformat(raw["starts"])
    return Schedule(raw["rule"], starts, named or zone, raw.get("missed", MISSED[0]))


def check_schedule(raw: Any, scope: Scope) -> None:
    """Note every fault of a schedule."""
    if raw is None:
        return
    if not isinstance(raw, dict):
        scope.fault("schedule", "expected an object with rule and starts")
        return
    before = len(scope.faults)
    scope.expect_keys(raw, "schedule", KEYS)
    if not scope.has_batch:
        scope.fault("schedule", "there is no trigger batch: what is to be started?")
    _check_rule(raw.get("rule"), scope)
    _check_starts(raw.get("starts"), scope)
    if raw.get("missed", MISSED[0]) not in MISSED:
        scope.fault("schedule.missed", f"expected one of {', '.join(MISSED)}, got {show(raw['missed'])}")
    if raw.get("zone") is not None and not (isinstance(raw["zone"], str) and zone_named(raw["zone"])):
        scope.fault("schedule.zone", f"unknown time zone {show(raw['zone'])}; use one such as Europe/Vienna")
    if len(scope.faults) == before:
        _check_times(_build(raw, scope.schema.zone), scope)


def _check_rule(raw: Any, scope: Scope) -> None:
    path = "schedule.rule"
    if not isinstance(raw, str) or not raw.isascii() or not raw.isprintable() or len(raw) > RULE_LIMIT:
        scope.fault(path, f"expected a rule such as RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=9, got {show(raw)}")
        return
    parts = dict(part.partition("=")[::2] for part in raw.upper().removeprefix("RRULE:").split(";"))
    if parts.get("FREQ") not in FREQUENCIES:
        scope.fault(path, f"FREQ is one of {', '.join(FREQUENCIES)}")
    for name in parts:
        if name not in PARTS:
            scope.fault(path, f"{show(name)} has no meaning here; known: {', '.join(PARTS)}")
    if parts.get("FREQ") == "YEARLY" and "BYMONTH" not in parts and re.search(r"\d", parts.get("BYDAY", "")):
        scope.fault(path, "a yearly rule with a BYDAY such as 1MO needs BYMONTH")
    if not re.fullmatch(r"[1-9]\d{0,2}", parts.get("INTERVAL", "1")):
        scope.fault(path, "INTERVAL is a whole number from 1 to 999")
    if "," in parts.get("BYMINUTE", ""):
        scope.fault(path, "has several minutes of an hour; a batch is started once an hour at most")


def _check_starts(raw: Any, scope: Scope) -> None:
    try:
        good = isinstance(raw, str) and datetime.fromisoformat(raw).tzinfo is None and "T" in raw
    except ValueError:
        good = False
    if not good:
        scope.fault("schedule.starts", f"expected a day and time such as 2026-11-23T09:00, got {show(raw)}")


def _check_times(schedule: Schedule, scope: Scope) -> None:
    try:
        if schedule.next_after(instant_of(schedule.starts, schedule.zone) - _DAY) is None:
            scope.fault("schedule.rule", "has no time at all")
    except (ValueError, TypeError, OverflowError) as error:
        scope.fault("schedule.rule", f"cannot be used: {error}")
