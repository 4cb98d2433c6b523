"""What is said of a lead's next times: when the clock will set off a campaign for it, or why it will not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from campaigns.dues import QUERIES
from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.schema import TenantSchema
from campaigns.language.timing import FAR_AHEAD, DateTiming, Silence, Timer

SAID = {
    True: "the lead was on it at its last event",
    False: "the lead was not on it at its last event",
    None: "the lead has had no event since it is watched",
}
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def say_times(connection: Any, rulebook: Rulebook, lead: LeadState, now: datetime) -> list[str]:
    """A line for each trigger that the clock sets off, and for each smart list that is watched."""
    times = [f"trigger {timer.trigger}: {_say(connection, rulebook, lead, timer, now)}" for timer in rulebook.timers]
    return times + [f"smart list {watch.list}: {SAID[watch.seen(lead)]}" for watch in rulebook.watches]


def _say(connection: Any, rulebook: Rulebook, lead: LeadState, timer: Timer, now: datetime) -> str:
    if isinstance(timer.timing, DateTiming):
        return say_date(timer.timing, lead, rulebook.schema, now)
    return _say_silence(connection, timer.timing, lead, now)


def say_date(timing: DateTiming, lead: LeadState, schema: TenantSchema, now: datetime) -> str:
    """When a date of the lead is reached next."""
    given = lead.values.get(timing.field)
    if given is None:
        return f"no date yet: {timing.field} has no value"
    coming = timing.coming(lead, schema, now, now + FAR_AHEAD if timing.yearly else datetime.max.replace(tzinfo=UTC))
    if coming:
        return f"due at {coming[0].at.isoformat()}"
    return f"over: {timing.field} is {given.isoformat()}"


def _say_silence(connection: Any, silence: Silence, lead: LeadState, now: datetime) -> str:
    parameters = {
        "tenant": lead.tenant, "cursor": lead.id - 1, "last": lead.id, "since": BEGINNING,
        "kinds": sorted(silence.kinds),
    }  # fmt: skip
    row = connection.execute(QUERIES["select_leads_last_heard_of"], parameters).fetchone()
    if row is None:
        return "never: the lead is deleted or merged"
    due = silence.after(row[1])
    said = f"last heard of at {row[1].astimezone(UTC).isoformat()}"
    return f"due at {due.at.isoformat()}, {said}" if due.at > now else f"over since {due.at.isoformat()}, {said}"
