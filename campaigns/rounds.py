"""Turns of maintenance: who has much to do makes nobody wait."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from engine import enqueue
from engine.errors import LaneFull
from engine.types import Event


class Taken(NamedTuple):
    """What one transaction took of what was due."""

    of: Sequence[str]  #: the tenant of each
    told: int  #: how many of them were told to their lanes
    shut: Collection[str] = ()  #: tenants some of whose lanes took no more


def take_turns(turn: Callable[[list[str]], str | None], until: float) -> int:
    """Give turns round after round, one to each tenant in a round, until a moment of time.monotonic().

    turn: does a bounded piece of work for a tenant that is not among these, which had theirs in this round, and
    says which; None when no other waits. Returns how many turns.
    """
    turns, had = 0, list[str]()
    while time.monotonic() < until:
        tenant = turn(had)
        if tenant is not None:
            turns, had = turns + 1, [*had, tenant]
        elif had:
            had = []
        else:
            break
    return turns


def tell_in_shares(take: Callable[[list[str]], Taken], at_once: int, share: int, until: float) -> int:
    """Tell what is due, until nothing is or a moment of time.monotonic(). Returns how many were told.

    take: at most `at_once`, of tenants that are not among these. No tenant's many make another's wait: who had its
    share has its next turn when nobody else is due.
    """
    told = 0
    while turn := _tell_turn(take, at_once, share):
        told += turn
        if turn < share or time.monotonic() > until:
            break
    return told


def _tell_turn(take: Callable[[list[str]], Taken], at_once: int, share: int) -> int:
    """A share for every tenant of whom something is due."""
    told, had, shut = 0, Counter[str](), set[str]()
    while True:
        taken = take([*(tenant for tenant, count in had.items() if count >= share), *shut])
        told += taken.told
        had.update(taken.of)
        shut.update(taken.shut)
        if len(taken.of) < at_once:
            return told


def push_what_fits(events: list[Event]) -> set[tuple[str, str]]:
    """Push events. Returns tenant and key of the leads whose lanes are full or closed: they are told later."""
    try:
        enqueue.push(events)
    except LaneFull as error:
        return {(event.tenant, event.lead) for event in error.refused}
    return set()
