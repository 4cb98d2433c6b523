"""Parameters of steps that wait: spans, days, times of day, zones, dates."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.language.clocks import zone_named
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.parameters import Choice, Kind, Literal, PeriodValue, Prepared, Value, WholeNumber
from campaigns.language.periods import Period, read_period, shift
from campaigns.language.schema import UNDECLARED
from campaigns.language.scope import Scope
from campaigns.language.tokens import Dynamic, Read, find_reference, is_token
from campaigns.language.touches import field_name
from campaigns.language.values import cast_date, cast_datetime, show
from campaigns.language.variables import declare
from campaigns.language.walltime import DAYS, MIDNIGHT, clock_minutes

ZONE_FIELD = "timezone"  #: the field with the name of a lead's own zone
YEAR_DAYS = 366

_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?", re.ASCII)
_FROM = datetime(2027, 1, 1, tzinfo=UTC)


def length_of(period: Period) -> float:
    """Days, nearly: months and years are those from the first of January."""
    return (shift(_FROM, period, ZoneInfo("UTC")) - _FROM).total_seconds() / 86_400


class WaitPeriod(PeriodValue):
    """A period of at most a year such as {"amount": 3, "unit": "days"}."""

    def __init__(self, doc: str, *, least: int = 1, over: str = "") -> None:
        super().__init__(doc)
        self.least = least
        self.over = over  #: the parameter that it must not be shorter than

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Period | None:
        """The period."""
        period = read_period(raw, scope, path)
        if period is not None:
            message = self._objection(period, done.get(self.over))
            if message:
                scope.fault(path, message)
        return period

    def _objection(self, period: Period, least: Period | None) -> str | None:
        if period.amount < self.least:
            return f"must be at least {self.least} of its unit"
        if abs(period.amount) > YEAR_DAYS * 1_440 or length_of(period) > YEAR_DAYS:
            return "is longer than a year"
        if least is not None and length_of(period) < length_of(least):
            return f"is shorter than {self.over}"
        return None


class Offset(PeriodValue):
    """A period of at most a year, back where its amount is negative."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Period | None:
        """The period."""
        period: Period | None = super().prepare(raw, scope, path, done)
        if period is not None and (abs(period.amount) > YEAR_DAYS * 1_440 or abs(length_of(period)) > YEAR_DAYS):
            scope.fault(path, "is longer than a year")
        return period


class Weekdays(Kind):
    """A list of days of the week."""

    @property
    def takes(self) -> str:
        """The words."""
        return f"list of {', '.join(DAYS)}"

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> frozenset[int]:
        """Their numbers; Monday is 0."""
        if not isinstance(raw, list) or not raw or not all(isinstance(item, str) and item in DAYS for item in raw):
            scope.fault(path, f"expected a list of days such as [{', '.join(DAYS[:2])}], got {show(raw)}")
            return frozenset()
        return frozenset(map(DAYS.index, raw))


class ClockTime(Kind):
    """A time of day such as 09:30."""

    def __init__(self, doc: str, *, unlike: str = "") -> None:
        super().__init__(doc)
        self.unlike = unlike  #: the parameter that it ends the span of

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> int:
        """The minutes after midnight."""
        minutes = clock_minutes(raw)
        if minutes is None or (minutes == MIDNIGHT and not self.unlike):
            scope.fault(path, f"expected a time of day such as 09:30, got {show(raw)}")
            return 0
        if self.unlike and minutes == done.get(self.unlike):
            scope.fault(path, f"is the same as {self.unlike}: the window has no length; for whole days 00:00 to 24:00")
        return minutes


class ZoneValue(Kind):
    """`tenant`, `lead` for the lead's own (its field `timezone`), or a name such as Europe/Berlin."""

    @property
    def takes(self) -> str:
        """The words, and names."""
        return "`tenant`, `lead` (the zone in its field `timezone`), or a name such as Europe/Berlin"

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> ZoneInfo | Dynamic | None:
        """The zone."""
        if raw == "tenant":
            return scope.schema.zone
        if raw == "lead":
            return self._of_lead(scope, path)
        zone = zone_named(raw) if isinstance(raw, str) else None
        if zone is None:
            scope.fault(path, f"expected tenant, lead or a time zone such as Europe/Berlin, got {show(raw)}")
        return zone

    def _of_lead(self, scope: Scope, path: str) -> Dynamic | None:
        spec = scope.schema.fields.get(ZONE_FIELD)
        if spec is None or spec.type not in ("string", "picklist"):
            scope.fault(path, f"leads have no field '{ZONE_FIELD}' of text; make one that holds names of time zones")
            return None
        scope.reads.add(field_name(ZONE_FIELD))
        return Dynamic(_zone_of_lead)


def _zone_of_lead(lead: LeadState, context: Context) -> ZoneInfo:
    """Without a zone of their own, leads are where the tenant is."""
    return zone_named(lead.values.get(ZONE_FIELD)) or context.schema.zone


class LocalMoment(Kind):
    """A date and time such as 2026-12-24T18:00: on clocks of the zone, or with an offset the instant itself."""

    @property
    def takes(self) -> str:
        """Its two forms."""
        return "date and time such as 2026-12-24T18:00, or with an offset"

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> datetime | None:
        """With a zone or without."""
        if is_token(raw):
            scope.fault(path, "takes no token; that is what wait_until_token_date is for")
            return None
        try:
            if isinstance(raw, str) and _LOCAL.fullmatch(raw):
                return datetime.fromisoformat(raw)
            return cast_datetime(raw)
        except ValueError as error:
            scope.fault(path, f"expected a date and time such as 2026-12-24T18:00, got {show(raw)}: {error}")
            return None


class DateToken(Kind):
    """A token of a date, with a time or without."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Dynamic | None:
        """Reads a date or a datetime; None for what is neither."""
        if not is_token(raw):
            scope.fault(path, f"expected a token such as {{{{ lead.birthday }}}}, got {show(raw)}")
            return None
        reference = find_reference(raw, scope, path)
        if reference is None:
            return None
        if reference.type not in ("date", "datetime", UNDECLARED):
            scope.fault(path, f"{reference.text} is of type {reference.type}; expected a date, with a time or without")
        return Dynamic(_readable(reference.read) if reference.type == UNDECLARED else reference.read)


def _readable(read: Read) -> Read:
    def read_date(lead: LeadState, context: Context) -> date | None:
        raw = read(lead, context)
        for cast in (cast_date, cast_datetime):
            try:
                return cast(raw)
            except ValueError:
                continue
        return None

    return read_date


class Watching(Literal):
    """Whether changes of the lead have the step looked at again."""

    def __init__(self, doc: str) -> None:
        super().__init__(doc, "boolean")

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """True or false."""
        value = super().prepare(raw, scope, path, done)
        scope.watches |= value is True
        return value


class GivenText(Value):
    """Text that is not empty, or a template."""

    def __init__(self, doc: str) -> None:
        super().__init__(doc, "string", nullable=False)

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The text. A template may still come to nothing while running."""
        value = super().prepare(raw, scope, path, done)
        if value is None and isinstance(raw, str) and not raw.strip():
            scope.fault(path, "must not be empty")
        return value


class MeetingKey(GivenText):
    """Text by which runs of a lead find one another, or a template."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The text. Where never two runs are inside, none finds another."""
        if scope.publishing and not scope.meets:
            message = 'is of no use while one run keeps others out; set "inside": "parallel" in the qualification'
            scope.fault(path, message)
        return super().prepare(raw, scope, path, done)


class Burst(WholeNumber):
    """A whole number of at least 1, and at most the rate."""

    def __init__(self, doc: str, most: int) -> None:
        super().__init__(doc, 1, most)

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> int:
        """The number."""
        burst = super().prepare(raw, scope, path, done)
        if burst > done.get("rate", burst):
            scope.fault(path, f"is more than the rate, {done['rate']}")
        return burst


class KeptEvents(Choice):
    """Of several events the first, the last, or all."""

    def __init__(self, doc: str, *, variable: str) -> None:
        super().__init__(doc, "first", "last", "all")
        self.variable = variable

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The word. All are a variable for the steps that follow."""
        if raw == "all":
            declare(self.variable, "json", scope, path)
        return super().prepare(raw, scope, path, done)
