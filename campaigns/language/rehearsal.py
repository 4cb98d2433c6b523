"""What campaigns would have done: the interpreter itself on leads in memory, with a clock that follows the events.

Nothing is written and nothing is sent; waits end when the clock passes them.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from campaigns.actions import ACTIONS
from campaigns.language.activity import ActivityRow
from campaigns.language.history import Remembered
from campaigns.language.interpreter import LOOP_STOPPED, run_event
from campaigns.language.lead import LeadState
from campaigns.language.outside import is_change, make_again
from campaigns.language.rehearsed_silences import NOBODY, LastHeard, Silences
from campaigns.language.rulebook import Rulebook
from campaigns.language.run import RUN_DUE
from campaigns.language.schema import BATCH_MEMBER, DATE_REACHED
from campaigns.language.shared import Shared
from campaigns.language.slots import UNTOUCHED, give_slot, take_slots
from campaigns.language.timing import FAR_AHEAD, DateTiming, due_event
from engine.types import Event

#: Kinds of activities that stand for something sent.
MESSAGES = frozenset(spec.logs for spec in ACTIONS if spec.name.startswith(("send_", "call_")))


class Report(msgspec.Struct):
    """What became of the leads in one campaign."""

    events: int = 0  #: that were played
    leads: int = 0  #: that they happened to
    runs: int = 0
    leads_entered: int = 0
    inside: int = 0  #: runs that still rest at the end
    steps: dict[str, dict[str, int]] = {}  #: by step: how often it ended in each outcome
    refused: dict[str, int] = {}  #: by reason: what a rule of an action or a cap forbade
    loops: int = 0
    messages: int = 0
    most_messages: int = 0  #: to one lead
    leads_messaged: int = 0
    batches: int = 0  #: that were started
    members: int = 0  #: told by them


class Muster(msgspec.Struct, frozen=True):
    """A batch of the campaign: when it is started, and who its members are among the leads as they are then."""

    at: datetime
    choose: Callable[[list[LeadState]], list[LeadState]]


class _Rows:
    """Where the interpreter's rows go: they are counted and forgotten."""

    def __init__(self) -> None:
        self.activities: list[ActivityRow] = []
        self.sent: list[Event] = []
        self.failed: list[int] = []
        self.looped: list[int] = []
        self.deletions_left = 1_000


class Rehearsal:
    """Plays events on leads under a rulebook and counts what one campaign does."""

    def __init__(self, rulebook: Rulebook, leads: dict[str, LeadState], campaign: str) -> None:
        self.rulebook = rulebook
        self.leads = leads
        self.shared = Shared()  #: as if nobody had been there before: a cap is counted from 0
        self.campaign = campaign
        self.ids = {found.id for found in rulebook.campaigns if found.key == campaign}
        self.report = Report(leads=len(leads))
        self.entered: set[str] = set()
        self.messaged: Counter[int] = Counter()
        self.buckets: dict[str, datetime] = {}  #: of slots: none was taken from before
        self.timers: list[tuple[datetime, int, Event]] = []  #: when, which was set first, what is told then
        self.dated = [one for one in rulebook.timers if isinstance(one.timing, DateTiming)]
        self.silences = Silences(rulebook)
        self.set = 0  #: timers so far
        self.dates: set[tuple[str, datetime]] = set()  #: of leads, that were set
        self.musters: list[Muster] = []  #: still to come, the next one last
        self.begins: datetime | None = None  #: dates before are past, and silences over

    def play(
        self,
        events: Iterable[Event],
        until: datetime,
        since: datetime | None = None,
        musters: Sequence[Muster] = (),
        last_heard: LastHeard = NOBODY,
    ) -> Report:
        """Play events in their order, and batches and waits up to a moment. With a beginning, also dates and silences
        of leads that are reached. Returns the report."""
        self.begins, self.musters = since, [muster for muster in musters if muster.at <= until][::-1]
        for key in list(self.leads) if self.rulebook.timers and since is not None else ():
            self._set_dates(key, since)
            self._set_each(self.silences.begin(self.leads[key], last_heard, since))
        for event in events:
            self._wait_until(event.occurred_at)
            self._execute(event, event.occurred_at)
            self.report.events += 1
        self._wait_until(until)
        return self._finish()

    def _muster(self, muster: Muster) -> None:
        """Freeze an audience, then tell its members: none is there because of what another one's run did."""
        self.report.batches += 1
        known = [lead for lead in self.leads.values() if lead.announced and lead.deleted_at is None]
        for lead in muster.choose(known):
            self.report.members += 1
            self._execute(_member(lead, self.campaign, self.report.batches, muster.at), muster.at)

    def _wait_until(self, moment: datetime) -> None:
        """Start the batches and end the waits that are due by then."""
        while self.musters and self.musters[-1].at <= moment:
            muster = self.musters.pop()
            self._end_waits(muster.at)
            self._muster(muster)
        self._end_waits(moment)

    def _end_waits(self, moment: datetime) -> None:
        """End the waits that are over by then, each at its own time."""
        while self.timers and self.timers[0][0] <= moment:
            at, _, event = heapq.heappop(self.timers)
            if not self.silences.is_broken(event):
                self._execute(event, at)

    def _execute(self, event: Event, now: datetime) -> None:
        """One event, and the events for other leads that arise from it."""
        waiting = [event]
        while waiting:
            waiting += self._execute_one(waiting.pop(0), now)

    def _execute_one(self, event: Event, now: datetime) -> list[Event]:
        lead = self.leads.get(event.lead)
        if lead is None:
            lead = self.leads[event.lead] = _stranger(event, len(self.leads))
        before, is_new = self._dates_of(lead), not lead.announced
        if is_change(event):
            make_again(lead, event.type, event.data, self.rulebook.schema)
        lead.shared = self.shared
        if not lead.history and self.rulebook.needs_history:
            lead.history = Remembered(())
        rows = _Rows()
        begun = run_event(self.rulebook, lead, event, now, rows)
        entered = [run for run in begun if run.campaign.id in self.ids]
        self.report.runs += len(entered)
        if entered:
            self.entered.add(event.lead)
        self._count(rows.activities)
        self._set_timers(event.lead, lead, now)
        if self.begins is not None and (event.type == DATE_REACHED or self._dates_of(lead) != before):
            self._set_dates(event.lead, now)
        if self.begins is not None:
            self._set_each(self.silences.hear(lead, event, self.begins, is_new=is_new))
        return rows.sent

    def _count(self, rows: Iterable[ActivityRow]) -> None:
        report = self.report
        for row in rows:
            if row.campaign_id not in self.ids:
                continue
            if row.kind == LOOP_STOPPED:
                report.loops += 1
            if row.step is None or "outcome" not in row.data:
                continue
            outcome = row.data["outcome"]
            counts = report.steps.setdefault(row.step, {})
            counts[outcome] = counts.get(outcome, 0) + 1
            if outcome == "skipped":
                reason = row.data.get("reason", "")
                report.refused[reason] = report.refused.get(reason, 0) + 1
            if outcome == "done" and row.kind in MESSAGES:
                self.messaged[row.lead_id] += 1

    def _set_timers(self, key: str, lead: LeadState, now: datetime) -> None:
        for id in lead.changed_runs:
            run = lead.runs.get(id)
            if run is not None and run.asks is not None:
                asked, moment = run.asks, self.buckets.get(run.asks.key, UNTOUCHED)
                (slot,), self.buckets[asked.key] = take_slots(moment, now, [asked])
                give_slot(run, slot, now)
            if run is not None and run.wake_at is not None:
                self._set_timer(_due(key, id, run.waits, run.wake_at))
        lead.changed_runs = frozenset()

    def _set_timer(self, event: Event) -> None:
        self.set += 1
        heapq.heappush(self.timers, (event.occurred_at, self.set, event))

    def _set_each(self, events: Iterable[Event]) -> None:
        for event in events:
            self._set_timer(event)

    def _dates_of(self, lead: LeadState) -> list[Any]:
        return [lead.values.get(field) for timer in self.dated for field in sorted(timer.timing.reads)]

    def _set_dates(self, key: str, now: datetime) -> None:
        """The next times of a lead; one that its dates have no more is refused when it comes."""
        lead, schema = self.leads[key], self.rulebook.schema
        for timer in self.dated:
            for due in timer.timing.coming(lead, schema, now, now + FAR_AHEAD)[:1]:
                told = due._replace(data=timer.about(due))
                event = due_event(lead.tenant, key, lead.id, timer.campaign_id, told, DATE_REACHED, due.at)
                if (event.id, event.occurred_at) not in self.dates:
                    self.dates.add((event.id, event.occurred_at))
                    self._set_timer(event)

    def _finish(self) -> Report:
        report, runs = self.report, (run for lead in self.leads.values() for run in lead.runs.values())
        report.inside = sum(run.campaign_id in self.ids for run in runs)
        report.leads_entered = len(self.entered)
        report.messages, report.leads_messaged = sum(self.messaged.values()), len(self.messaged)
        report.most_messages = max(self.messaged.values(), default=0)
        return report


def _member(lead: LeadState, campaign: str, batch: int, at: datetime) -> Event:
    data = {"campaign": campaign, "batch": f"rehearsed-{batch}"}
    id = f"batch:{data['batch']}:{lead.id}"
    return Event(id=id, tenant=lead.tenant, lead=lead.key, type=BATCH_MEMBER, accepted_at=at, occurred_at=at, data=data)


def _due(lead: str, run: str, waits: int, at: datetime) -> Event:
    data: dict[str, Any] = {"run": run, "waits": waits}
    return Event(id=f"run:{run}:{waits}", lead=lead, type=RUN_DUE, accepted_at=at, occurred_at=at, data=data)


def _stranger(event: Event, number: int) -> LeadState:
    """A lead that nobody knew before the event."""
    return LeadState(id=-1 - number, tenant=event.tenant, key=event.lead, values={"score": 0}, is_new=True)
