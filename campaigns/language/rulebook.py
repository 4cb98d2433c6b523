"""A tenant's running campaigns at one version, compiled and indexed by the events they hear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from campaigns.language.campaigntags import tags_of
from campaigns.language.condition import Matches
from campaigns.language.document import Compiled, compile_document
from campaigns.language.entry import EVERYBODY, Entry
from campaigns.language.exits import Exit
from campaigns.language.experiments import AB_TEST, Experiment, experiments_of
from campaigns.language.experiments import by_event as by_event_of
from campaigns.language.faults import Fault
from campaigns.language.filtertree import any_of
from campaigns.language.frozen import frozen
from campaigns.language.history import Asked
from campaigns.language.limits import USUAL, Limits
from campaigns.language.precedence import Place, after_of, in_order
from campaigns.language.priority import NORMAL, PLACES
from campaigns.language.program import Program, Step
from campaigns.language.qualification import Qualification
from campaigns.language.schema import CAMPAIGN_ENDED, CAMPAIGN_ENTERED, CAMPAIGN_REQUESTED, TenantSchema
from campaigns.language.scope import Scope
from campaigns.language.timing import Timer
from campaigns.language.trigger import Subscription
from campaigns.language.watching import Watch


class Campaign(msgspec.Struct, frozen=True):
    """One version of a running campaign: the live one, or an older one that still holds runs."""

    id: int
    key: str
    name: str
    version: int
    filter: Matches | None
    qualification: Qualification
    exits: tuple[Exit, ...]
    program: Program
    watches: bool  #: any change of the lead may end a run
    pause: str = ""  #: freeze or collect: those inside rest
    emptied_at: datetime | None = None  #: runs entered before this are over
    entry: Entry = EVERYBODY  #: whom it lets in
    limits: Limits = USUAL  #: at which it is stopped
    tags: frozenset[str] = frozenset()
    priority: str = NORMAL

    @property
    def parks(self) -> bool:
        """Whether a run may outlive its event."""
        return self.program.parks

    def step(self, id: str) -> Step | None:
        """The step of an id."""
        place = self.program.places.get(id)
        return None if place is None else self.program.steps[place]


FREEZE, COLLECT, DRAIN = "freeze", "collect", "drain"

#: A campaign and the condition of its triggers; None where there is none.
Subscriber = tuple[Campaign, Matches | None]


class Topic:
    """Who hears one type of event, in the order of the campaigns."""

    __slots__ = ("by_qualifier", "others")

    def __init__(self, others: tuple[Subscriber, ...], by_qualifier: dict[str, tuple[Subscriber, ...]]) -> None:
        self.others = others  #: those who hear every qualifier
        self.by_qualifier = by_qualifier  #: those who hear one, with those who hear every one

    def subscribers(self, qualifier: Any) -> tuple[Subscriber, ...]:
        """Who hears an event of this type with this field, tag, list or campaign."""
        if isinstance(qualifier, str):
            return self.by_qualifier.get(qualifier, self.others)
        return self.others


class Rulebook(msgspec.Struct, frozen=True):
    """Immutable; a change of the tenant's set-up makes a new one."""

    schema: TenantSchema
    version: int
    campaigns: tuple[Campaign, ...]
    by_event: dict[str, Topic]
    needs_lists: bool  #: whether the leads' list memberships must be loaded
    needs_records: frozenset[str]  #: kinds of the leads' records that must be loaded
    requestable: frozenset[str]  #: keys of the campaigns with a trigger campaign_requested
    faults: dict[str, list[Fault]]  #: by key of the campaign: what no longer fits since its publication
    heard: frozenset[str]  #: types of events that anybody hears: campaigns, parked runs, tests of variants
    needs_runs: bool = False  #: whether the leads' parked runs must be loaded
    wakes: frozenset[str] = frozenset()  #: types of events that parked runs may hear
    announces_runs: bool = False  #: whether anybody hears that runs begin and end
    versions: dict[tuple[int, int], Campaign] = {}  #: id and version -> each campaign that may hold runs
    needs_history: frozenset[Asked] = frozenset()  #: what must be counted in the leads' history
    deletes: bool = False  #: whether campaigns delete leads
    timers: tuple[Timer, ...] = ()  #: triggers that the clock sets off
    watches: tuple[Watch, ...] = ()  #: smart lists that are watched
    experiments: dict[str, tuple[Experiment, ...]] = {}  #: by the type of event that is their result
    erases: bool = False  #: whether campaigns ask for erasures: what stands in their way must be loaded
    remembers_erased: bool = False  #: whether leads' keys may have been erased: old events of those are refused

    def find(self, campaign_id: int, version: int) -> Campaign | None:
        """The version of a campaign that a run is on."""
        return self.versions.get((campaign_id, version))


class CampaignRow(NamedTuple):
    """A campaign as it is stored, on one of its versions."""

    id: int
    key: str
    name: str
    version: int
    position: int
    document: Any
    priority: str = NORMAL


class Condition(msgspec.Struct, frozen=True):
    """How a campaign is doing beside its document."""

    pause: str = ""  #: how it is paused: freeze, collect, drain; empty when it is not
    emptied_at: datetime | None = None  #: runs entered before this are over

    @property
    def is_open(self) -> bool:
        """Whether leads may enter, or wait at the door."""
        return self.pause in ("", COLLECT)


def compile_rulebook(
    schema: TenantSchema,
    version: int,
    campaigns: Iterable[CampaignRow],
    older: Iterable[CampaignRow] = (),
    conditions: Mapping[int, Condition] | None = None,
) -> Rulebook:
    """Compile the campaigns of a tenant that run or rest, and older versions that hold runs and take no new ones.

    They are in the order in which they hear an event.

    Where one no longer fits the schema, a step at fault fails when it is executed; a campaign whose triggers
    or filter are at fault is left out. Both are named in `faults`.
    """
    build = _Build(schema, conditions or {})
    rows = {row.key: row for row in campaigns}
    for key in in_order(map(_place, rows.values())):
        build.add(rows[key])
    for row in older:
        build.add_older(row)
    return build.rulebook(version)


def _place(row: CampaignRow) -> Place:
    return Place(PLACES[row.priority], row.position, row.id, row.key, after_of(row.document))


RUNNING = Condition()


class _Build:
    """What is gathered from the campaigns of one tenant."""

    def __init__(self, schema: TenantSchema, conditions: Mapping[int, Condition]) -> None:
        self.schema = schema
        self.conditions = conditions
        self.heard: list[tuple[Campaign, Subscription]] = []
        self.running: list[Campaign] = []
        self.versions: dict[tuple[int, int], Campaign] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.needs_lists = False
        self.needs_records: set[str] = set()
        self.needs_history: set[Asked] = set()
        self.deletes = False
        self.watched: dict[str, tuple[Matches, set[int]]] = {}
        self.experiments: list[Experiment] = []
        self.erases = False

    def add(self, row: CampaignRow) -> None:
        """The live version of a campaign."""
        campaign, compiled = self.compile(row)
        if campaign is not None and compiled is not None and self.condition(row.id).is_open:
            self.running.append(campaign)
            self.heard.extend((campaign, subscription) for subscription in compiled.subscriptions)

    def add_older(self, row: CampaignRow) -> None:
        """A version that goes on with the runs it has."""
        self.compile(row)

    def condition(self, campaign_id: int) -> Condition:
        """How a campaign is doing; nearly all just run."""
        return self.conditions.get(campaign_id, RUNNING)

    def compile(self, row: CampaignRow) -> tuple[Campaign | None, Compiled | None]:
        """The campaign of a row, unless its faults forbid it."""
        compiled, found = compile_document(row.document, Scope(self.schema, row.key, publishing=False))
        if found:
            self.faults[row.key] = found
        if compiled is None:
            return None, None
        watches = any(exit.hears is None for exit in compiled.exits)
        how = self.condition(row.id)
        campaign = Campaign(
            row.id, row.key, row.name, row.version, compiled.filter, compiled.qualification, compiled.exits,
            compiled.program, watches, "" if how.pause == DRAIN else how.pause, how.emptied_at, compiled.entry,
            compiled.limits, tags_of(row.document), row.priority,
        )  # fmt: skip
        if campaign.parks or how.pause == COLLECT:
            self.versions[row.id, row.version] = campaign
        self.deletes |= any(step.logs == "delete_lead" for step in compiled.program.steps)
        for list, matches in compiled.watched.items():
            self.watched.setdefault(list, (matches, set()))[1].add(row.id)
        if AB_TEST in compiled.needs_records:
            self.experiments += experiments_of(row.key, compiled.program.steps)
        self.erases |= any(step.logs == "erasure_requested" for step in compiled.program.steps)
        self.needs_lists |= compiled.needs_lists
        self.needs_records |= compiled.needs_records
        self.needs_history |= compiled.needs_history
        return campaign, compiled

    def rulebook(self, version: int) -> Rulebook:
        """All that was added."""
        parking = self.versions.values()
        wakes = {exit.hears for campaign in parking for exit in campaign.exits if exit.hears}
        wakes = wakes.union(*(campaign.program.hears for campaign in parking))
        experiments = by_event_of(self.experiments)
        wakes |= experiments.keys()  # so that the events arise, whoever else hears them
        by_event = _index(self.heard)
        heard = wakes.union(by_event)
        return Rulebook(
            self.schema, version, tuple(self.running), by_event, self.needs_lists,
            frozen(self.needs_records), _requestable(self.heard), self.faults, frozen(heard),
            bool(parking), frozen(wakes),
            CAMPAIGN_ENTERED in heard or CAMPAIGN_ENDED in heard, self.versions,
            frozen(self.needs_history), self.deletes, tuple(_timers(self.heard)),
            tuple(Watch(list, matches, frozenset(by)) for list, (matches, by) in self.watched.items()),
            experiments, self.erases,
        )  # fmt: skip


def _requestable(heard: list[tuple[Campaign, Subscription]]) -> frozenset[str]:
    return frozen(campaign.key for campaign, item in heard if item.event.name == CAMPAIGN_REQUESTED)


def _index(heard: list[tuple[Campaign, Subscription]]) -> dict[str, Topic]:
    names = {item.event.name for _, item in heard}
    return {name: _topic([pair for pair in heard if pair[1].event.name == name]) for name in names}


def _timers(heard: list[tuple[Campaign, Subscription]]) -> Iterator[Timer]:
    for campaign, one in heard:
        if one.timing is not None:
            yield Timer(campaign.id, campaign.key, campaign.version, one.name, one.timing)


def _topic(heard: list[tuple[Campaign, Subscription]]) -> Topic:
    qualifiers = {item.qualifier for _, item in heard if item.qualifier is not None}
    others = _subscribers([pair for pair in heard if pair[1].qualifier is None])
    by_qualifier = {
        name: _subscribers([pair for pair in heard if pair[1].qualifier in (None, name)]) for name in qualifiers
    }
    return Topic(others, by_qualifier)


def _subscribers(heard: list[tuple[Campaign, Subscription]]) -> tuple[Subscriber, ...]:
    """Each campaign once, in order; it runs when one of its triggers matches."""
    tests: dict[str, tuple[Campaign, list[Matches | None]]] = {}
    for campaign, subscription in heard:
        tests.setdefault(campaign.key, (campaign, []))[1].append(subscription.test)
    return tuple((campaign, _either(found)) for campaign, found in tests.values())


def _either(tests: list[Matches | None]) -> Matches | None:
    given = [test for test in tests if test is not None]
    return any_of(given) if len(given) == len(tests) else None
