"""What operators do while events come: pause, resume, shares, rates, aborts."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from functools import partial

import django.db

from engine import abort, control
from engine.errors import EngineError
from tests.chaos.fault import Harm, fault
from tests.chaos.world import World

#: One of the servers may be away; what the caller asked for may have been done nevertheless.
NOT_NOW = (EngineError, django.db.Error)

#: Of an undisturbed tenant.
USUAL = {"weight": 1.0, "cap": 0, "rate": 0.0}


def is_done(change: Callable[[], object]) -> bool:
    """Whether a change was made for sure."""
    try:
        django.db.connections.close_all()  # the database may have been killed since
        change()
    except NOT_NOW:
        return False
    return True


@fault("tenants paused and resumed", seconds=4)
def pause(world: World, chance: random.Random) -> Iterator[float]:
    for _ in range(12):
        tenant = chance.choice(world.tenants)
        is_done(partial(chance.choice((control.pause, control.resume)), tenant))
        time.sleep(chance.uniform(0, 0.5))
    for tenant in world.tenants:
        world.afterwards.append(partial(is_done, partial(control.resume, tenant)))
    yield 0


@fault("weights, caps and rates changed", seconds=4)
def shares(world: World, chance: random.Random) -> Iterator[float]:
    for _ in range(15):
        changed = {
            "weight": chance.choice((0.1, 1, 50)),
            "cap": chance.choice((0, 1, 3)),
            "rate": chance.choice((0, 5)),
        }
        is_done(partial(control.configure, chance.choice(world.tenants), **changed))
        time.sleep(chance.uniform(0, 0.3))
    for tenant in world.tenants:
        world.afterwards.append(partial(is_done, partial(control.configure, tenant, **USUAL)))
    yield 0


def _abort(*, killing: bool = False) -> Harm:
    def harm(world: World, chance: random.Random) -> Iterator[float]:
        for _ in range(4):
            tenant = chance.choice(world.tenants)
            if not _is_aborted(world, tenant):
                world.afterwards.append(partial(_is_aborted, world, tenant))
            if killing:
                chance.choice(world.nodes).kill_child(chance)
            time.sleep(chance.uniform(0, 0.8))
        yield 0

    return harm


def _is_aborted(world: World, tenant: str) -> bool:
    done = is_done(partial(abort.abort, tenant, by="chaos"))
    if done:
        world.aborts[tenant] = time.monotonic()
    return done


#: Not with others: a door that stood still may write an event again that the ledger does not know any more.
fault("tenants aborted", seconds=4, combines=False)(_abort())
fault("tenants aborted while lanes spill", seconds=4, lane_limit=2, combines=False)(_abort())
fault("tenants aborted, pool children killed", seconds=4, combines=False)(_abort(killing=True))
