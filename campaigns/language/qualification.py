"""How often a lead may run through a campaign: `qualification` in its document.

{"times": 1}                                                     once
{"times": 3, "per": {"amount": 1, "unit": "days"}}               at most three times in any 24 hours
{"times": 1, "per": {"amount": 1, "unit": "days"}, "calendar": true}   once a calendar day of the tenant
{"times": 1, "key": "{{ event.order }}"}                         once for each order
{"inside": "parallel"}                                           again while an earlier run is still inside
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from campaigns.language.context import Context
from campaigns.language.effects import PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outcome import BadValueError
from campaigns.language.periods import Period, read_period, shift, start_of_day, start_of_week
from campaigns.language.run import ParkedRun
from campaigns.language.schema import CAMPAIGN_REQUESTED, AttributeSpec, TenantSchema
from campaigns.language.scope import Scope
from campaigns.language.tokens import Dynamic, typed_value
from campaigns.language.values import show

ENTRY = "entry"  #: the kind of record that counts a lead's entries
TIMES_LIMIT = 100
KEY_LENGTH = 100  #: characters of a run's key; longer ones are hashed
INSIDE = ("ignore", "parallel", "restart")
CALENDAR_UNITS = ("days", "weeks", "months", "years")


class Qualification(msgspec.Struct, frozen=True):
    """The rule."""

    times: int | None = None  #: None is without bound
    per: Period | None = None  #: None is for ever
    calendar: bool = False  #: the period begins at its calendar's beginning; else it is the time before the event
    key: Any = None  #: a Dynamic: what is counted apart
    inside: str = "ignore"  #: what happens while an earlier run of the same key is inside

    def read_key(self, lead: LeadState, context: Context) -> str:
        """The key of a run for the event; empty without one."""
        if self.key is None:
            asked = context.event.get("run_key") if context.type == CAMPAIGN_REQUESTED else None
            return _short(str(asked or ""))
        try:
            value = self.key.read(lead, context) if isinstance(self.key, Dynamic) else self.key
        except BadValueError:
            return ""
        return _short(value or "")


EVERY_TIME = Qualification()


def compile_qualification(raw: Any, scope: Scope) -> Qualification:
    """Check the rule and make it ready. Notes every fault."""
    if raw is None:
        return EVERY_TIME
    if not isinstance(raw, dict):
        scope.fault("qualification", 'expected an object such as {"times": 1}')
        return EVERY_TIME
    scope.expect_keys(raw, "qualification", ("times", "per", "calendar", "key", "inside"))
    times = _read_times(raw.get("times"), scope)
    if times is not None:
        scope.needs_records.add(ENTRY)
    elif "per" in raw:
        scope.fault("qualification.times", "is missing: how often in that period?")
    per = read_period(raw["per"], scope, "qualification.per") if "per" in raw else None
    key = None
    if raw.get("key") is not None:
        key = typed_value(raw["key"], AttributeSpec("", "string"), scope, "qualification.key")
    return Qualification(times, per, _read_calendar(raw, per, scope), key, _read_inside(raw, scope))


def _read_times(raw: Any, scope: Scope) -> int | None:
    if raw is not None and (type(raw) is not int or not 1 <= raw <= TIMES_LIMIT):
        scope.fault("qualification.times", f"expected a whole number from 1 to {TIMES_LIMIT}, got {show(raw)}")
        return None
    return raw


def _read_calendar(raw: dict[str, Any], per: Period | None, scope: Scope) -> bool:
    value = raw.get("calendar", False)
    if not isinstance(value, bool):
        scope.fault("qualification.calendar", f"expected true or false, got {show(value)}")
        return False
    if value and (per is None or per.amount != 1 or per.unit not in CALENDAR_UNITS):
        scope.fault("qualification.calendar", "needs a period of one day, week, month or year")
    return value


def _read_inside(raw: dict[str, Any], scope: Scope) -> str:
    value = raw.get("inside", "ignore")
    if value not in INSIDE:
        scope.fault("qualification.inside", f"expected one of {', '.join(INSIDE)}, got {show(value)}")
    return value


def refusal(rule: Qualification, campaign: str, key: str, lead: LeadState, context: Context) -> str | None:
    """Why the lead may not enter for this event, or None: what it entered before is counted."""
    if rule.times is None:
        return None
    entries = _entries(rule, campaign, key, lead, context)
    if len(entries) < rule.times:
        return None
    return f"entered {len(entries)} times already, the last at {entries[-1].isoformat()}"


def runs_inside(runs: Iterable[ParkedRun], campaign_id: int, key: str) -> list[str]:
    """The ids of the parked runs of a campaign and a key, of any version."""
    return [run.id for run in runs if run.campaign_id == campaign_id and run.key == key]


def entered(rule: Qualification, campaign: str, key: str, lead: LeadState, context: Context) -> PutRecord:
    """What is kept of an entry, with those before it that still count."""
    entries = [*_entries(rule, campaign, key, lead, context), context.occurred_at]
    data = {"at": [at.isoformat() for at in entries[-(rule.times or 1) :]]}
    return PutRecord(ENTRY, _record_key(campaign, key), data, quiet=True)


def _entries(rule: Qualification, campaign: str, key: str, lead: LeadState, context: Context) -> list[datetime]:
    """The entries that count, in order."""
    record = lead.records.get((ENTRY, _record_key(campaign, key)))
    found = [datetime.fromisoformat(at) for at in record["at"]] if record else []
    since = _since(rule, context)
    return found if since is None else [at for at in found if at >= since]


def _since(rule: Qualification, context: Context) -> datetime | None:
    if rule.per is None:
        return None
    if rule.calendar:
        return _beginning(context.occurred_at, rule.per.unit, context.schema)
    return shift(context.occurred_at, -rule.per, context.schema.zone) + timedelta(microseconds=1)


def _beginning(instant: datetime, unit: str, schema: TenantSchema) -> datetime:
    """The beginning of the calendar's day, week, month or year of an instant, where the tenant is."""
    day = schema.day(instant)
    first = {
        "days": day,
        "weeks": start_of_week(day, schema.week_start),
        "months": date(day.year, day.month, 1),
        "years": date(day.year, 1, 1),
    }[unit]
    return start_of_day(first, schema.zone)


def _record_key(campaign: str, key: str) -> str:
    return f"{campaign}:{key}" if key else campaign


def _short(key: str) -> str:
    return key if len(key) <= KEY_LENGTH else hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
