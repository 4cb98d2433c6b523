"""Campaigns that hear the same event, where one reads what another writes: who goes first makes a difference.

What a campaign does after a wait counts too: whether it waits may depend on the lead. What the campaigns that it
requests or executes do does not: they hear an event of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from campaigns.language.document import Compiled, compile_document, compile_triggers
from campaigns.language.faults import Fault
from campaigns.language.precedence import AFTER, Place, after_of, comes_after, in_order
from campaigns.language.priority import NORMAL, PLACES
from campaigns.language.schema import TenantSchema
from campaigns.language.scope import Scope
from campaigns.language.touches import HISTORY, in_words, shared
from campaigns.language.trigger import Subscription

NAMES_LIMIT = 5  #: of what differs, in one sentence


class Entrant(msgspec.Struct, frozen=True):
    """A campaign with its document, running or about to."""

    id: int
    key: str
    name: str
    position: int
    document: Any
    priority: str = NORMAL

    @property
    def place(self) -> Place:
        """What decides when it comes."""
        return Place(PLACES[self.priority], self.position, self.id, self.key, after_of(self.document))


def find_races(entrant: Entrant, others: Iterable[Entrant], schema: TenantSchema) -> list[Fault]:
    """A warning for each other campaign with which the order matters and is left to chance so far."""
    mine = _compile(entrant, schema)
    if mine is None:
        return []
    rivals = [other for other in others if other.key != entrant.key]
    places = [one.place for one in (entrant, *rivals)]
    follows = {place.key: place.after for place in places}
    ranks = {key: rank for rank, key in enumerate(in_order(places))}
    found = []
    for other in sorted(rivals, key=lambda one: ranks[one.key]):
        if comes_after(follows, entrant.key, other.key) or comes_after(follows, other.key, entrant.key):
            continue
        said = _race(mine, other, schema)
        if said:
            found.append(Fault(AFTER, f"{said}. {_advice(entrant, other, ranks)}"))
    return found


def _compile(entrant: Entrant, schema: TenantSchema) -> Compiled | None:
    scope = Scope(schema, entrant.key, publishing=False)
    scope.compares = True
    return compile_document(entrant.document, scope)[0]


def _race(mine: Compiled, other: Entrant, schema: TenantSchema) -> str:
    """What differs, or nothing. Only a campaign that hears the same is compiled as a whole."""
    event = _same_event(mine.subscriptions, _hears(other, schema))
    theirs = _compile(other, schema) if event else None
    said = _differences(mine, theirs) if theirs else ""
    return said and f"“{other.name}” ({other.key}) hears {event} too: {said}"


def _hears(other: Entrant, schema: TenantSchema) -> tuple[Subscription, ...]:
    triggers = other.document.get("triggers") if isinstance(other.document, dict) else None
    return compile_triggers(triggers, Scope(schema, other.key, publishing=False))


def _same_event(some: Iterable[Subscription], others: Iterable[Subscription]) -> str:
    theirs = list(others)
    for one in some:
        for other in theirs:
            same = one.event.name == other.event.name
            if same and (one.qualifier == other.qualifier or one.qualifier is None or other.qualifier is None):
                qualifier = one.qualifier or other.qualifier
                return f"{one.event.name} of {qualifier}" if qualifier else one.event.name
    return ""


def _differences(mine: Compiled, theirs: Compiled) -> str:
    both = {name for name in shared(mine.writes, theirs.writes) if not name.startswith(HISTORY)}
    parts = (
        ("both write", both),
        ("it writes what this campaign reads,", shared(mine.reads, theirs.writes) - both),
        ("it reads what this campaign writes,", shared(mine.writes, theirs.reads) - both),
    )
    return "; ".join(f"{words} {_listed(names)}" for words, names in parts if names)


def _listed(names: set[str]) -> str:
    shown = [in_words(name) for name in sorted(names)]
    more = f" and {len(shown) - NAMES_LIMIT} more" if len(shown) > NAMES_LIMIT else ""
    return ", ".join(shown[:NAMES_LIMIT]) + more


def _advice(entrant: Entrant, other: Entrant, ranks: dict[str, int]) -> str:
    by = "priority" if other.priority != entrant.priority else "position"
    first, then = ("it", "this one") if ranks[other.key] < ranks[entrant.key] else ("this campaign", "the other")
    return (
        f"By {by} {first} goes first now, {then} after. To keep it first, write {AFTER}: [{other.key}] here; to go"
        f" before it, write {AFTER}: [{entrant.key}] there"
    )
