"""What maintenance does for campaigns that the clock sets off: plan the hours to come, tell leads whose time it is.

Once a day, and when it is published, a campaign's leads are looked at in pages: who has a time within the next 25
hours gets a row, due then. So nobody polls leads, and nothing is kept of times that are far off. What was planned in
one day is not planned again in the next: each time belongs to one planning. Every turn is one transaction and one
bounded piece of work; a crash repeats it, and who is told twice is told by the same id.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg

from campaigns.dues import PLANNED_AHEAD, QUERIES, Row, row_of
from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.timing import LATE_LIMIT, DateTiming, Due, Silence, Timer, due_event
from campaigns.leads import typed
from campaigns.rounds import Taken, push_what_fits, take_turns, tell_in_shares
from campaigns.rulebooks import RulebookCache
from engine import clock
from engine.arrays import columns
from engine.types import Event

logger = logging.getLogger(__name__)

#: Leads looked at in a turn.
LEADS_AT_ONCE = 5_000
#: Leads told in one transaction; of one tenant in a turn, after which the others' come first.
TOLD_AT_ONCE, TENANT_SHARE = 1_000, 200
#: Then other chores are done: after telling, after planning.
TELLING_SECONDS, PLANNING_SECONDS = 1.0, 0.5
#: Rulebooks kept while maintenance has its turn.
KEPT_RULEBOOKS = 100
#: A day's planning begins so long before the last one's end.
AHEAD = timedelta(hours=1)
#: What was planned on publication is planned once more then: a bundle that began under the version before did not
#: write down whom it changed.
CHECKED_AFTER = timedelta(seconds=60)

_decode = msgspec.json.decode


class Turn(msgspec.Struct, frozen=True):
    """The campaign whose turn it is, as it is stored."""

    tenant: str
    campaign_id: int
    version: int
    planned_to: datetime
    planning_to: datetime | None
    cursor: int
    checked: bool
    runs: bool  #: its campaign does, on that version

    @property
    def place(self) -> dict[str, Any]:
        """What names it in statements."""
        return {"tenant": self.tenant, "campaign": self.campaign_id}


def tend(worker: psycopg.Connection, now: datetime | None = None) -> None:
    """Tell whose time it is, then plan. Takes a connection in autocommit. Raises BrokerDown."""
    now = clock.now() if now is None else now
    tell_due(worker, now)
    plan(worker, now)


def tell_due(worker: psycopg.Connection, now: datetime) -> int:
    """Tell the lanes of leads whose time it is. Returns how many."""
    until = time.monotonic() + TELLING_SECONDS
    return tell_in_shares(lambda had: _tell_some(worker, now, had), TOLD_AT_ONCE, TENANT_SHARE, until)


def _tell_some(worker: psycopg.Connection, now: datetime, had: list[str]) -> Taken:
    """Those who cannot be told keep their row."""
    with worker.transaction():
        rows = worker.execute(QUERIES["take_dues"], {"now": now, "had": had, "limit": TOLD_AT_ONCE}).fetchall()
        refused = push_what_fits([event for row in rows if (event := _event(row, now))])
        done = [(row[0], row[1], row[3], row[5], row[6]) for row in rows if (row[0], row[4]) not in refused]
        if done:
            worker.execute(QUERIES["delete_dues_told"], columns(done))
    return Taken([row[0] for row in rows], len(done), {tenant for tenant, _ in refused})


def _event(row: Sequence[Any], now: datetime) -> Event | None:
    """What a lead is told; None for nobody, and for what comes too late."""
    tenant, campaign_id, campaign, lead_id, lead, _trigger, occasion, at, type, data, urgent = row
    if campaign is None or lead is None:
        return None
    if at < now - LATE_LIMIT:
        logger.warning("tenant %s: a lead of campaign %s was not told of %s in time", tenant, campaign, at)
        return None
    due = Due(occasion, at, data)
    return due_event(tenant, lead, lead_id, campaign_id, due, type, datetime.now(UTC), urgent=urgent)


def plan(worker: psycopg.Connection, now: datetime) -> int:
    """Give turns to campaigns, round after round, one to each tenant in a round. Returns how many turns."""
    until, rulebooks = time.monotonic() + PLANNING_SECONDS, RulebookCache(size=KEPT_RULEBOOKS)
    return take_turns(lambda had: _plan_turn(worker, now, had, rulebooks), until)


def _plan_turn(worker: psycopg.Connection, now: datetime, had: list[str], rulebooks: RulebookCache) -> str | None:
    with worker.transaction():
        row = worker.execute(QUERIES["take_plan"], {"now": now, "had": had}).fetchone()
        if row is None:
            return None
        turn = Turn(*row)
        _work(worker, turn, now, rulebooks)
    return turn.tenant


def _work(worker: psycopg.Connection, turn: Turn, now: datetime, rulebooks: RulebookCache) -> None:
    if not turn.runs:
        worker.execute(QUERIES["delete_plan"], turn.place)
        return
    if turn.planning_to is None:
        worker.execute(QUERIES["begin_plan"], {**turn.place, "until": now + PLANNED_AHEAD})
        return
    page = {"tenant": turn.tenant, "cursor": turn.cursor, "limit": LEADS_AT_ONCE}
    last = worker.execute(QUERIES["select_end_of_page"], page).fetchone()[0]  # type: ignore[index]
    if last is None:
        _finish(worker, turn, turn.planning_to, now)
        return
    rulebook = rulebooks.current(worker, [turn.tenant])[turn.tenant]
    rows = _Page(worker, turn, rulebook, last, now).rows()
    if rows:
        worker.execute(QUERIES["insert_dues_planned"], columns(sorted(set(rows))))
    worker.execute(QUERIES["advance_plan"], {**turn.place, "cursor": last, "now": now})


def _finish(worker: psycopg.Connection, turn: Turn, planning_to: datetime, now: datetime) -> None:
    """All leads were looked at."""
    planned_to, following = planning_to, max(now, planning_to - AHEAD)
    if not turn.checked:
        planned_to, following = turn.planned_to, now + CHECKED_AFTER
    worker.execute(QUERIES["finish_plan"], {**turn.place, "planned_to": planned_to, "next": following})


class _Page:
    """Some leads of a tenant, and the times of one campaign."""

    def __init__(self, worker: psycopg.Connection, turn: Turn, rulebook: Rulebook, last: int, now: datetime) -> None:
        self.worker = worker
        self.turn = turn
        self.schema = rulebook.schema
        self.timers = [timer for timer in rulebook.timers if timer.campaign_id == turn.campaign_id]
        self.after = max(turn.planned_to, now - LATE_LIMIT)
        self.until = turn.planning_to or now
        self.place = {"tenant": turn.tenant, "cursor": turn.cursor, "last": last}

    def rows(self) -> list[Row]:
        """The times of these leads that are to be planned."""
        return [row for timer in self.timers for row in self._of(timer)]

    def _of(self, timer: Timer) -> Iterable[Row]:
        timing = timer.timing
        found = self._dates(timing) if isinstance(timing, DateTiming) else self._silences(timing)
        return [row_of(self.turn.tenant, lead, timer, due) for lead, due in found]

    def _dates(self, timing: DateTiming) -> Iterable[tuple[int, Due]]:
        reads = timing.reads
        found = self.worker.execute(QUERIES["select_leads_with_fields"], {**self.place, "field": timing.field})
        for id, fields in found.fetchall():
            stored = {name: value for name, value in _decode(fields).items() if name in reads}
            lead = LeadState(id=id, tenant=self.turn.tenant, key="", values=typed(stored, self.schema))
            for due in timing.coming(lead, self.schema, self.after, self.until):
                yield id, due

    def _silences(self, silence: Silence) -> Iterable[tuple[int, Due]]:
        since = silence.since(self.after)
        parameters = {**self.place, "since": since, "kinds": sorted(silence.kinds)}
        for id, last in self.worker.execute(QUERIES["select_leads_last_heard_of"], parameters).fetchall():
            due = silence.after(last)
            if self.after < due.at <= self.until:
                yield id, due
