"""Redis that ends, forgets, is full, or whose answers are lost."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Iterator

from tests.chaos.fault import ALREADY_DOWN, eval_reply, fault, start_again
from tests.chaos.world import World


@fault("kill -9 Redis, fsync always")
def kill_redis(world: World, chance: random.Random) -> Iterator[float]:
    world.servers.valkey.kill()
    yield chance.uniform(0, 1)
    start_again(world.servers.valkey)


@fault("kill -9 Redis, fsync everysec")
def kill_redis_everysec(world: World, chance: random.Random) -> Iterator[float]:
    with contextlib.suppress(*ALREADY_DOWN):
        world.set_redis("appendfsync", "everysec")
    time.sleep(0.2)
    world.servers.valkey.kill()
    yield chance.uniform(0, 1)
    start_again(world.servers.valkey)


@fault("Redis loses its tail", loses=True)
def cut_tail(world: World, chance: random.Random) -> Iterator[float]:
    world.servers.valkey.kill()
    files = sorted((world.disk / "data" / "valkey").rglob("*.incr.aof"))
    if files:
        cut = chance.randint(1, 64) * 1024
        os.truncate(files[-1], max(0, files[-1].stat().st_size - cut))
    yield 0
    start_again(world.servers.valkey)


@fault("FLUSHALL", loses=True)
def flushall(world: World, chance: random.Random) -> Iterator[float]:
    with contextlib.suppress(*ALREADY_DOWN), world.direct() as client:
        client.flushall()
    yield 0


@fault("DEL of a lane", loses=True, meddles=True)
def delete_lane(world: World, chance: random.Random) -> Iterator[float]:
    with contextlib.suppress(*ALREADY_DOWN), world.direct() as client:
        lanes = sorted(client.scan_iter(match="{fairlane}:t.*", count=1000))
        if lanes:
            client.delete(chance.choice(lanes))
    yield 0


@fault("SCRIPT FLUSH")
def script_flush(world: World, chance: random.Random) -> Iterator[float]:
    with contextlib.suppress(*ALREADY_DOWN), world.direct() as client:
        for _ in range(5):
            client.script_flush()
            time.sleep(0.05)
    yield 0


@fault("wake-up marks lost")
def lose_marks(world: World, chance: random.Random) -> Iterator[float]:
    with contextlib.suppress(*ALREADY_DOWN), world.direct() as client:
        for _ in range(chance.randint(20, 100)):
            client.delete("lanes")
            time.sleep(0.02)
    yield 0


@fault("Redis at maxmemory")
def maxmemory(world: World, chance: random.Random) -> Iterator[float]:
    with contextlib.suppress(*ALREADY_DOWN):
        world.set_redis("maxmemory", "1mb")
    yield chance.uniform(1, 3)
    with contextlib.suppress(*ALREADY_DOWN):
        world.set_redis("maxmemory", 0)


@fault("script's reply lost")
def lose_replies(world: World, chance: random.Random) -> Iterator[float]:
    for proxy in [one.redis for one in world.all]:
        proxy.lose(eval_reply, chance.randint(1, 3))
    yield 1
