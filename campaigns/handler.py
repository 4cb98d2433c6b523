"""What the engine asks the campaigns to do: decide over a bundle of events and write the effects.

Called within the open transaction of the worker role. Reads once, decides in memory, writes once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import psycopg

from campaigns.activities import Recorder, copy_activities
from campaigns.dues import load_silences, store_dues
from campaigns.erasure import check_erased, without_erased
from campaigns.history import load_history
from campaigns.language.expression import preload
from campaigns.language.interpreter import run_event
from campaigns.language.merging import MERGE, current, winner_of
from campaigns.language.request import REQUESTS
from campaigns.language.rulebook import Rulebook
from campaigns.language.shared import Shared
from campaigns.leads import Place, StoredLead, load_leads, store_leads
from campaigns.lives import deletions_left
from campaigns.rulebooks import RulebookCache
from campaigns.runs import load_runs, store_runs
from campaigns.shared import decide_with_shared, tenants_sharing
from campaigns.tripping import Tallies
from engine.errors import Retry
from engine.types import Event, Handled

# A worker imports this before it forks: no child stops to load the library in the middle of a bundle.
preload()
_cache = RulebookCache(size=28_000)  # some 220 MB where each has one small campaign
_tallies = Tallies()


def handle(connection: psycopg.Connection, events: Sequence[Event], now: datetime) -> Handled:
    """Execute the tenants' campaigns for these events, in order."""
    rulebooks = _cache.current(connection, {event.tenant for event in events})
    if any(rulebook.remembers_erased for rulebook in rulebooks.values()):
        events = without_erased(connection, events, rulebooks)
        if not events:
            return Handled({}, [])
    return decide_with_shared(connection, rulebooks, partial(_execute, connection, events, now, rulebooks))


def _execute(
    connection: psycopg.Connection,
    events: Sequence[Event],
    now: datetime,
    rulebooks: dict[str, Rulebook],
    shared: Mapping[str, Shared],
) -> Handled:
    places = {(event.tenant, event.lead) for event in events}
    needed = needed_records(events)
    leads = load_leads(connection, places, rulebooks, needed, needed.keys() - places)
    if any(rulebook.remembers_erased for rulebook in rulebooks.values()):
        check_erased(connection, events, {place for place, lead in leads.items() if lead.state.is_new}, rulebooks)
    unknown = load_runs(connection, [lead.state for lead in leads.values()], rulebooks)
    if unknown:  # a run was parked on a version while the next one was published
        rulebooks |= _cache.load(connection, unknown)
        if tenants_sharing(rulebooks) - shared.keys():
            raise Retry(0, "a tenant's campaigns have come to use shared records")
    load_history(connection, [lead.state for lead in leads.values()], rulebooks, now)
    if timed := any(rulebook.timers for rulebook in rulebooks.values()):
        load_silences(connection, events, leads, rulebooks, now)
    if shared:
        _share(leads, shared)
    recorders = {tenant: Recorder() for tenant in rulebooks}
    deleting = [tenant for tenant, rulebook in rulebooks.items() if rulebook.deletes]
    for tenant, left in deletions_left(connection, deleting, now).items():
        recorders[tenant].deletions_left = left
    seconds = decide(events, leads, rulebooks, now, recorders)
    if any(one.missed for one in shared.values()):  # it will be decided anew
        return Handled(seconds, [])
    store_leads(connection, leads.values(), rulebooks, now)
    if timed:
        store_dues(connection, events, leads, rulebooks, now)
    store_runs(connection, [lead.state for lead in leads.values() if lead.state.changed_runs], now)
    copy_activities(connection, recorders, now)
    _tallies.note(connection, recorders, rulebooks, now)
    return Handled(seconds, [event for recorder in recorders.values() for event in recorder.sent])


def needed_records(events: Sequence[Event]) -> dict[Place, frozenset[str]]:
    """What events by which other leads' campaigns ask for something need of their leads."""
    needed: dict[Place, frozenset[str]] = {}
    for event in events:
        asked = REQUESTS.get(event.type)
        if asked is not None:
            place = event.tenant, event.lead
            needed[place] = needed.get(place, frozenset()) | asked.records
            for place in others_of(event):
                needed[place] = needed.get(place, frozenset()) | asked.records
    return needed


def _share(leads: Mapping[Place, StoredLead], shared: Mapping[str, Shared]) -> None:
    for (tenant, _), lead in leads.items():
        if tenant in shared:
            lead.state.shared = shared[tenant]


def others_of(event: Event) -> list[Place]:
    """The other leads that an event is about."""
    return [(event.tenant, key) for key in event.data["others"]] if event.type == MERGE else []


def decide(
    events: Sequence[Event],
    leads: Mapping[Place, StoredLead],
    rulebooks: Mapping[str, Rulebook],
    now: datetime,
    recorders: Mapping[str, Recorder],
) -> dict[str, float]:
    """Run the events in memory: leads change, activities are recorded. Returns the seconds per tenant."""
    seconds: dict[str, float] = {}
    tenant, since = events[0].tenant, time.perf_counter()
    for event in events:
        if event.tenant != tenant:
            until = time.perf_counter()
            seconds[tenant] = seconds.get(tenant, 0.0) + until - since
            tenant, since = event.tenant, until
        lead = leads[event.tenant, event.lead].state
        if lead.winner is not None:
            lead = current(lead)
        if event.type == MERGE:
            others = [leads[place].state for place in others_of(event) if place in leads]
            lead = winner_of(lead, others, event.data["winner"], now)
        recorder = recorders[event.tenant]
        for run in run_event(rulebooks[event.tenant], lead, event, now, recorder):
            recorder.runs[run.campaign.id] += 1
    seconds[tenant] = seconds.get(tenant, 0.0) + time.perf_counter() - since
    return seconds
