"""Connections that are slow, cut or half-open."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from tests.chaos.fault import Harm, eval_reply, fault
from tests.chaos.proxy import Proxy
from tests.chaos.world import LEASE_SECONDS, World


def _some(world: World, chance: random.Random) -> Proxy:
    return chance.choice(chance.choice(world.all).proxies)


def _mode(mode: str, low: float, high: float) -> Harm:
    def harm(world: World, chance: random.Random) -> Iterator[float]:
        proxy = _some(world, chance)
        proxy.mode = mode
        yield chance.uniform(low, high)
        proxy.mode = "pass"

    return harm


fault("connections delayed")(_mode("delay", 1, 3))
fault("connections trickle")(_mode("trickle", 1, 3))
fault("connections half-open")(_mode("black-hole", 1, 3))
fault("replies vanish")(_mode("deaf", 1, 3))


@fault("connections reset")
def reset(world: World, chance: random.Random) -> Iterator[float]:
    for _ in range(5):
        _some(world, chance).reset()
        time.sleep(0.1)
    yield 0


@fault("replies cut short")
def truncate(world: World, chance: random.Random) -> Iterator[float]:
    for node in world.nodes:
        node.redis.lose(eval_reply, 1, truncate=True)
        node.database.lose(lambda request: len(request) > 40, 1, truncate=True)
    yield 1


@fault("node cut off from Redis and PostgreSQL")
def partition(world: World, chance: random.Random) -> Iterator[float]:
    node = chance.choice(world.nodes)
    for proxy in node.proxies:
        proxy.mode = "refuse"
        proxy.reset()
    yield LEASE_SECONDS * chance.uniform(0.5, 2)
    for proxy in node.proxies:
        proxy.mode = "pass"
