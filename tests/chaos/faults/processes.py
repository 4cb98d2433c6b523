"""Nodes that end, stand still or are wrong about the time."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from tests.chaos.fault import fault
from tests.chaos.world import LEASE_SECONDS, World


@fault("no fault", combines=False)
def no_fault(world: World, chance: random.Random) -> Iterator[float]:
    yield 0


@fault("kill -9 a worker")
def kill_parent(world: World, chance: random.Random) -> Iterator[float]:
    chance.choice(world.nodes).kill()
    yield 0


@fault("kill -9 all workers")
def kill_parents(world: World, chance: random.Random) -> Iterator[float]:
    for node in world.nodes:
        node.kill()
    yield 0


@fault("kill -9 pool children")
def kill_children(world: World, chance: random.Random) -> Iterator[float]:
    for _ in range(chance.randint(1, 3)):
        chance.choice(world.nodes).kill_child(chance)
        time.sleep(chance.uniform(0, 0.3))
    yield 0


@fault("SIGSTOP beyond the lease")
def zombie(world: World, chance: random.Random) -> Iterator[float]:
    node = chance.choice(world.nodes)
    node.pause()
    yield LEASE_SECONDS * chance.uniform(1.2, 2.2)
    node.resume()


@fault("rolling restart", combines=False)
def rolling(world: World, chance: random.Random) -> Iterator[float]:
    for node in world.nodes:
        node.restart()
        node.wait_until_ready()
    yield 0


@fault("wrong clocks", skew=(0, 3600, -3600, 86400, -86400), combines=False)
def clocks(world: World, chance: random.Random) -> Iterator[float]:
    node = chance.choice(world.nodes)
    node.restart(CHAOS_CLOCK_SECONDS=str(chance.choice((3600, -3600, 86400, -86400))))
    yield 1
    node.wait_until_ready()
    node.restart()
