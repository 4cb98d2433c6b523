"""Times at which triggers are set off by nothing but the clock: a date of the lead, so long after it was last heard of.

What is planned of them is a `Due`: when, and of which occasion. It is told to the lead's own lane by an event when its
time has come, and looked at again then: what the lead has become since counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from campaigns.language.activity import ActivityRow
from campaigns.language.clocks import zone_named
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.occasions import LAST_YEAR, as_shown, day_shown, in_year, moment_of
from campaigns.language.operator import Moment
from campaigns.language.periods import Period, shift, shift_day
from campaigns.language.schema import DATE_REACHED, INACTIVITY_REACHED, TenantSchema
from campaigns.language.sqltext import Sql, sql
from campaigns.language.values import TYPES
from campaigns.language.waitkinds import ZONE_FIELD
from engine.types import Event

#: How often a lead was told of an occasion too early.
AGAIN = "again"

#: What comes later than this is not done any more.
LATE_LIMIT = timedelta(hours=24)

#: By how much an anniversary may miss where it is looked for, whatever zones, clocks and lengths of months do.
_SLACK = timedelta(days=10)
_DAY = timedelta(days=1)
MONTHS_DIFFER = 3  #: days by which one is longer than another


class Due(NamedTuple):
    """One time at which a trigger is set off."""

    occasion: str  #: the same one while its day is the same, at whatever hour
    at: datetime
    data: dict[str, Any]  #: of the event, as JSON


class DateTiming(msgspec.Struct, frozen=True):
    """A date of the lead, or its anniversary."""

    field: str
    offset: Period | None
    yearly: bool
    leap_day: str
    at: int | None  #: minutes after midnight
    zone: ZoneInfo | None  #: None for the lead's own
    days: float  #: how long the offset is, nearly

    event = DATE_REACHED

    @property
    def reads(self) -> frozenset[str]:
        """The fields that it depends on."""
        return frozenset((self.field,) if self.zone else (self.field, ZONE_FIELD))

    def coming(self, lead: LeadState, schema: TenantSchema, after: datetime, until: datetime) -> list[Due]:
        """Those after one instant and not after another, in their order."""
        found = [due for due in self._between(lead, schema, after, until) if after < due.at <= until]
        return found if len(found) < 2 else sorted(found, key=lambda due: due.at)

    def at_of(self, occasion: str, lead: LeadState, schema: TenantSchema) -> datetime | None:
        """When an occasion is for the lead as it is now; None where it has no such any more."""
        near = int(occasion[:4])
        first, last = date(max(near - 2, 1), 1, 1), date(min(near + 2, LAST_YEAR), 12, 31)
        every = self._all(lead, schema, first, last)
        return next((due.at for due in every if due.occasion == occasion), None)

    def _between(self, lead: LeadState, schema: TenantSchema, after: datetime, until: datetime) -> Iterator[Due]:
        """Those between two instants, and some more."""
        if not self.yearly:
            return self._all(lead, schema, date.min, date.max)
        offset = timedelta(days=self.days)
        return self._all(lead, schema, after.date() - offset - _SLACK, until.date() - offset + _SLACK)

    def _all(self, lead: LeadState, schema: TenantSchema, first: date, last: date) -> Iterator[Due]:
        """Those whose own day, before the offset, is one from the first to the last."""
        given = lead.values.get(self.field)
        if given is None:
            return
        zone = self.zone_of(lead, schema)
        shown = as_shown(given, zone)
        if not self.yearly:
            yield from self._due(shown, 0, zone)
            return
        for year in range(max(shown.year, first.year), min(last.year, LAST_YEAR) + 1):
            anniversary = in_year(shown, year, self.leap_day)
            if first <= day_shown(anniversary) <= last:
                yield from self._due(anniversary, year - shown.year, zone)

    def zone_of(self, lead: LeadState, schema: TenantSchema) -> ZoneInfo:
        """Whose clocks and days these are. Leads without a zone of their own are where the tenant is."""
        return self.zone or zone_named(lead.values.get(ZONE_FIELD)) or schema.zone

    def _due(self, shown: date, years: int, zone: ZoneInfo) -> Iterator[Due]:
        """None where calendars end: beyond the years 1 and 9999."""
        try:
            at = moment_of(shown, self.offset, self.at, zone).astimezone(UTC)
            occasion = self._occasion(shown)
        except (OverflowError, ValueError):
            return
        data = {"field": self.field, "date": day_shown(shown).isoformat()}
        yield Due(occasion, at, data | ({"years": years} if self.yearly else {}))

    def _occasion(self, shown: date) -> str:
        offset = self.offset
        if offset is None or offset.is_of_days:
            day = day_shown(shown) if offset is None else shift_day(day_shown(shown), offset)
            name = day.isoformat()
        else:
            name = f"{day_shown(shown).isoformat()}{offset.amount:+}{offset.unit}"
        if self.at is None and isinstance(shown, datetime):
            name += f"T{shown.time().isoformat()}"
        return name


class Silence(msgspec.Struct, frozen=True):
    """Nothing of some kinds has happened to the lead for a period. Also the question whether it is so."""

    kinds: frozenset[str]  #: types of events
    period: Period
    zone: ZoneInfo  #: whose clocks the period is counted by

    event = INACTIVITY_REACHED

    def after(self, last: datetime) -> Due:
        """When it is reached if nothing happens after an instant."""
        data = {"since": TYPES["datetime"].dump(last)}
        return Due(last.astimezone(UTC).isoformat(), shift(last, self.period, self.zone).astimezone(UTC), data)

    def since(self, now: datetime) -> datetime:
        """Nothing may have happened after it: the last instant that so long before now, as months are counted, is."""
        last = shift(now, -self.period, self.zone)
        for _ in range(MONTHS_DIFFER):
            if shift(last + _DAY, self.period, self.zone) <= now:
                last += _DAY
        return last

    def begin(self) -> int:
        """How much broke the silence before anything is known."""
        return 0

    def note(self, known: int, row: ActivityRow, context: Context) -> int:
        """The same with one more activity."""
        is_one = row.kind in self.kinds and row.campaign_id is None and row.occurred_at > self.since(context.now)
        return known + is_one

    def known(self, known: int, context: Context) -> int:
        """The answer."""
        return known

    def sql(self, moment: Moment) -> Sql:
        """Whether a row `a` of campaigns_activity breaks the silence."""
        test = "a.kind = ANY({}::text[]) AND a.campaign_id IS NULL AND a.occurred_at > {}"
        return sql(test, sorted(self.kinds), self.since(moment.now))


#: How far ahead the next time of a date is looked for: an anniversary with an offset.
FAR_AHEAD = timedelta(days=1_100)


class Timer(msgspec.Struct, frozen=True):
    """A trigger of a running campaign that the clock sets off."""

    campaign_id: int
    campaign: str  #: its key
    version: int
    trigger: str  #: its id, or its place among the campaign's triggers
    timing: DateTiming | Silence

    def about(self, due: Due) -> dict[str, Any]:
        """The data of the event by which a lead is told."""
        return {"campaign": self.campaign, "trigger": self.trigger, "occasion": due.occasion, **due.data}


def due_event(
    tenant: str,
    lead: str,
    lead_id: int,
    campaign_id: int,
    due: Due,
    type: str,
    accepted_at: datetime,
    *,
    urgent: bool = False,
) -> Event:
    """What a lead's lane is told when the time has come; `due` with the whole data. Told twice, it is one event."""
    again = "+" * due.data.get(AGAIN, 0)
    return Event(
        id=f"due:{campaign_id}:{due.data['trigger']}:{lead_id}:{due.occasion}{again}", tenant=tenant, lead=lead,
        type=type, accepted_at=accepted_at, occurred_at=due.at, data=due.data, source="timer", urgent=urgent,
    )  # fmt: skip
