"""A tenant's running campaigns at one version, compiled and indexed by the events they hear."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from campaigns.language.condition import Matches
from campaigns.language.document import Step, compile_document
from campaigns.language.faults import Fault
from campaigns.language.filtertree import any_of
from campaigns.language.schema import CAMPAIGN_REQUESTED, TenantSchema
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription


class Campaign(msgspec.Struct, frozen=True):
    """One running campaign."""

    id: int
    key: str
    name: str
    version: int
    filter: Matches | None
    steps: tuple[Step, ...]


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


#: id, key, name, version, position, document
CampaignRow = tuple[int, str, str, int, int, Any]


def compile_rulebook(schema: TenantSchema, version: int, campaigns: Iterable[CampaignRow]) -> Rulebook:
    """Compile the active campaigns of a tenant. Where one no longer fits the schema, a step at fault fails
    when it is
    executed; a campaign whose triggers or filter are at fault is left out. Both are named in `faults`."""
    heard: list[tuple[Campaign, Subscription]] = []
    running: list[Campaign] = []
    faults: dict[str, list[Fault]] = {}
    needs_lists = False
    needs_records: set[str] = set()
    for id, key, name, number, _position, document in sorted(campaigns, key=lambda row: (row[4], row[0])):
        compiled, found = compile_document(document, Scope(schema, key, publishing=False))
        if found:
            faults[key] = found
        if compiled is None:
            continue
        campaign = Campaign(id, key, name, number, compiled.filter, compiled.steps)
        running.append(campaign)
        heard.extend((campaign, subscription) for subscription in compiled.subscriptions)
        needs_lists |= compiled.needs_lists
        needs_records |= compiled.needs_records
    return Rulebook(
        schema, version, tuple(running), _index(heard), needs_lists, frozenset(needs_records), _requestable(heard),
        faults,
    )  # fmt: skip


def _requestable(heard: list[tuple[Campaign, Subscription]]) -> frozenset[str]:
    return frozenset(campaign.key for campaign, item in heard if item.event.name == CAMPAIGN_REQUESTED)


def _index(heard: list[tuple[Campaign, Subscription]]) -> dict[str, Topic]:
    names = {item.event.name for _, item in heard}
    return {name: _topic([pair for pair in heard if pair[1].event.name == name]) for name in names}


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
