"""Turns of maintenance: who has much to do makes nobody wait."""

from __future__ import annotations

import time
from collections.abc import Callable


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
