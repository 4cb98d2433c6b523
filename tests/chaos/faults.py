"""The kinds of faults: one generator each. Before its `yield` it does harm, after it heals what only a person or
the machine could heal. What it yields is how long the harm lasts, in seconds.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import psycopg

from engine.embedded.process import Server
from engine.errors import EmbeddedServerError
from engine.lanes import BROKER_ERRORS
from tests.chaos.proxy import Proxy
from tests.chaos.world import LEASE_SECONDS, World

Harm = Callable[[World, random.Random], Iterator[float]]


@dataclass(frozen=True)
class Fault:
    """A kind, as rounds and tables name it."""

    name: str
    harm: Harm
    loses: bool = False  #: Redis forgets what it had accepted: the client sends all of it again
    poison: Sequence[str] = ()  #: types of events that must become dead letters
    skew: Sequence[float] = (0.0,)  #: wrong clocks of who accepts events
    combines: bool = True


FAULTS: dict[str, Fault] = {}


def fault(name: str, **more: object) -> Callable[[Harm], Harm]:
    """Registers a kind."""

    def register(harm: Harm) -> Harm:
        FAULTS[name] = Fault(name, harm, **more)  # type: ignore[arg-type]
        return harm

    return register


#: Among several faults, one may find the server down that it means to harm.
ALREADY_DOWN = (*BROKER_ERRORS, psycopg.Error)


def start_again(server: Server) -> None:
    """Unless another fault's end did."""
    try:
        server.pid  # noqa: B018
    except EmbeddedServerError:
        server.start()


def eval_reply(request: bytes) -> bool:
    """A script's."""
    return b"EVALSHA" in request


def commit_reply(request: bytes) -> bool:
    """Of a transaction with effects in it."""
    return b"COMMIT" in request


@fault("no fault", combines=False)
def nothing(world: World, chance: random.Random) -> Iterator[float]:
    yield 0


# -- processes


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


# -- Redis


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
    files = sorted((world.folder / "data" / "valkey").rglob("*.incr.aof"))
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


@fault("DEL of a lane", loses=True)
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
    for proxy in (world.front, *[node.redis for node in world.nodes]):
        proxy.lose(eval_reply, chance.randint(1, 3))
    yield 1


# -- PostgreSQL


@fault("kill -9 PostgreSQL")
def kill_postgres(world: World, chance: random.Random) -> Iterator[float]:
    world.servers.postgres.kill()
    yield chance.uniform(0, 1)
    start_again(world.servers.postgres)


@fault("kill -9 one backend")
def kill_backend(world: World, chance: random.Random) -> Iterator[float]:
    backends = "SELECT pid FROM pg_stat_activity WHERE application_name = 'fairlane-worker'"
    with contextlib.suppress(*ALREADY_DOWN, ProcessLookupError):
        with world.superuser() as connection:
            rows = connection.execute(backends).fetchall()
        if rows:
            os.kill(chance.choice(rows)[0], signal.SIGKILL)
    yield 0


@fault("PostgreSQL stops at once")
def immediate_stop(world: World, chance: random.Random) -> Iterator[float]:
    with contextlib.suppress(EmbeddedServerError):
        os.kill(world.servers.postgres.pid, signal.SIGQUIT)
        time.sleep(0.5)
    world.servers.postgres.kill()
    yield chance.uniform(0, 0.5)
    start_again(world.servers.postgres)


@fault("COMMIT's reply lost")
def lose_commits(world: World, chance: random.Random) -> Iterator[float]:
    for node in world.nodes:
        node.database.lose(commit_reply, chance.randint(1, 3))
    yield 1


# -- the network


def _some(world: World, chance: random.Random) -> Proxy:
    return chance.choice(chance.choice(world.nodes).proxies)


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


# -- poisoned events


fault("poison: an exception", poison=("fail", "fail", "fail"), combines=False)(nothing)
fault("poison: ends its process", poison=("exit", "exit"), combines=False)(nothing)
fault("poison: an endless loop", poison=("loop",), combines=False)(nothing)
fault("poison: breaks its transaction", poison=("swallow", "swallow"), combines=False)(nothing)
fault("poison: asks for all memory", poison=("memory", "memory"), combines=False)(nothing)
fault("poison: never ready", poison=("retry", "retry"), combines=False)(nothing)


@fault("poison: no event at all", combines=False)
def garbage(world: World, chance: random.Random) -> Iterator[float]:
    with contextlib.suppress(*ALREADY_DOWN), world.direct() as client:
        lanes = sorted(client.scan_iter(match="{fairlane}:t.*", count=1000))
        for lane in chance.sample(lanes, min(3, len(lanes))):
            client.rpush(lane, chance.randbytes(chance.choice((0, 1, 100, 5_000_000))))
    yield 0


#: Not run on a plain machine, and why.
SKIPPED = {
    "slow disk, EIO": "needs strace",
    "disk full": "needs a small file system mounted by root",
    "network namespaces": "the proxies' half-open, refused and reset connections stand for them",
    "webhooks and mail": "there are no deliveries yet",
    "2 GB allocation": "an allocation that fails at once stands for it: other work shares the machine",
}
