"""Back pressure: more than Redis may hold, Redis away while events go on coming, accepting processes that end."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator

from tests.chaos.fault import ALREADY_DOWN, Harm, commit_reply, eval_reply, fault, nothing, start_again
from tests.chaos.proxy import DELAY_SECONDS
from tests.chaos.world import LEASE_SECONDS, World

#: Of tests/chaos/handler.py; reading is where most can go wrong.
BUFFER_STEPS = ("next_events", "next_events", "remove", "close_drained")

#: Between which of its steps a door ends, stops or is slow; see tests/chaos/door.py.
STEPS = ("told", "locked", "written", "committed", "said")

fault("burst beyond the lanes' limit", lane_limit=2, seconds=0.01)(nothing)
#: More than any lane has in one request, which would be refused for ever.
fault("both out of room", lane_limit=2, spill_limit=15, seconds=0.01)(nothing)


@fault("Redis away while events come", seconds=6)
def redis_away(world: World, chance: random.Random) -> Iterator[float]:
    world.servers.valkey.kill()
    yield chance.uniform(3, 6)
    start_again(world.servers.valkey)


@fault("Redis away again and again", seconds=6)
def redis_flaps(world: World, chance: random.Random) -> Iterator[float]:
    for _ in range(4):
        world.servers.valkey.kill()
        time.sleep(chance.uniform(0.1, 0.7))
        start_again(world.servers.valkey)
        time.sleep(chance.uniform(0.1, 0.7))
    yield 0


@fault("Redis at maxmemory while events come", seconds=5)
def redis_full(world: World, chance: random.Random) -> Iterator[float]:
    with contextlib.suppress(*ALREADY_DOWN):
        world.set_redis("maxmemory", "1mb")
    yield chance.uniform(2, 5)
    with contextlib.suppress(*ALREADY_DOWN):
        world.set_redis("maxmemory", 0)


@fault("Redis's memory runs short, then not", seconds=6)
def redis_presses(world: World, chance: random.Random) -> Iterator[float]:
    """The limit is above what is used, so that pushes are taken: the workers' keepers say when to spill."""
    for _ in range(2):
        with contextlib.suppress(*ALREADY_DOWN), world.direct() as client:
            client.config_set("maxmemory", int(client.info("memory")["used_memory"] * 1.15))
        time.sleep(chance.uniform(1.0, 2.5))
        with contextlib.suppress(*ALREADY_DOWN):
            world.set_redis("maxmemory", 0)
        time.sleep(chance.uniform(0.5, 1.5))
    yield 0


@fault("kill -9 PostgreSQL while lanes spill", lane_limit=2, seconds=4)
def postgres_away(world: World, chance: random.Random) -> Iterator[float]:
    world.servers.postgres.kill()
    yield chance.uniform(1, 4)
    start_again(world.servers.postgres)


@fault("kill -9 Redis, then PostgreSQL, both away", lane_limit=5, seconds=4)
def both_away(world: World, chance: random.Random) -> Iterator[float]:
    servers = [world.servers.valkey, world.servers.postgres]
    chance.shuffle(servers)
    for server in servers:
        time.sleep(chance.uniform(0, 0.5))
        server.kill()
    yield chance.uniform(0.5, 2)
    chance.shuffle(servers)
    for server in servers:
        start_again(server)


@fault("a node cut off from Redis, its statements late", lane_limit=2, seconds=8)
def late_statements(world: World, chance: random.Random) -> Iterator[float]:
    """It executes what it had leased when others have long since taken over, and the lanes were direct in between."""
    node = chance.choice(world.nodes)
    node.database.mode, node.database.seconds = "delay", LEASE_SECONDS * 1.8
    time.sleep(chance.uniform(0, 0.3))
    node.redis.mode = "refuse"
    node.redis.reset()
    yield LEASE_SECONDS * 2
    node.redis.mode = node.database.mode = "pass"
    node.database.seconds = DELAY_SECONDS


@fault("a node stands still before it touches the buffer", lane_limit=2, seconds=8)
def stop_at_buffer(world: World, chance: random.Random) -> Iterator[float]:
    """Beyond its lease, with lanes in its hands that go direct meanwhile and spill again."""
    for _ in range(2):
        node = chance.choice(world.nodes)
        if node.pause_before(chance.choice(BUFFER_STEPS), 2):
            time.sleep(LEASE_SECONDS * chance.uniform(1.2, 1.6))
        node.resume()
    yield 0


# -- the processes that accept events


@fault("kill -9 a door", seconds=4)
def kill_door(world: World, chance: random.Random) -> Iterator[float]:
    for _ in range(chance.randint(1, 4)):
        chance.choice(world.doors).kill()
        time.sleep(chance.uniform(0.1, 1))
    yield 0


@fault("SIGSTOP of a door", seconds=5)
def stop_door(world: World, chance: random.Random) -> Iterator[float]:
    door = chance.choice(world.doors)
    door.pause()
    yield chance.uniform(1, 4)
    door.resume()


def _mischief(act: str, low: float, high: float, share: float, **more: float) -> Harm:
    def harm(world: World, chance: random.Random) -> Iterator[float]:
        for door in world.doors:
            door.mischief = {"act": act, "step": chance.choice(STEPS), "share": share, **more}
        yield chance.uniform(low, high)
        for door in world.doors:
            door.mischief = {}
            door.resume()

    return harm


fault("a door dies between the steps of a spill", lane_limit=2, seconds=5)(_mischief("die", 2, 5, 0.2))
fault("a door stands still between the steps of a spill", lane_limit=2, seconds=5)(_mischief("freeze", 2, 6, 0.2))
fault("doors stall between the steps of a spill", lane_limit=2, seconds=4)(_mischief("stall", 3, 4, 0.4))
fault("doors stall, words to Redis are lost", lane_limit=2, seconds=4)(_mischief("stall", 3, 4, 0.4, mute=0.5))


# -- their connections


def _cut_off(server: str, mode: str, low: float, high: float) -> Harm:
    def harm(world: World, chance: random.Random) -> Iterator[float]:
        door = chance.choice(world.doors)
        proxy = door.redis if server == "Redis" else door.database
        proxy.mode = mode
        if mode == "refuse":
            proxy.reset()
        yield chance.uniform(low, high)
        proxy.mode = "pass"

    return harm


fault("one door cut off from Redis", seconds=5)(_cut_off("Redis", "refuse", 2, 5))
fault("one door half-open to Redis", seconds=5)(_cut_off("Redis", "black-hole", 1, 2))
fault("one door deaf to Redis", seconds=5)(_cut_off("Redis", "deaf", 1, 2))
fault("one door cut off from PostgreSQL", lane_limit=2, seconds=5)(_cut_off("PostgreSQL", "refuse", 2, 5))
fault("one door half-open to PostgreSQL", lane_limit=2, seconds=3)(_cut_off("PostgreSQL", "black-hole", 1, 2))
fault("one door deaf to PostgreSQL", lane_limit=2, seconds=3)(_cut_off("PostgreSQL", "deaf", 1, 2))


@fault("a door's COMMIT reply lost", lane_limit=2, seconds=3)
def lose_commits_of_doors(world: World, chance: random.Random) -> Iterator[float]:
    for door in world.doors:
        door.database.lose(commit_reply, chance.randint(1, 4))
    yield 1.5


@fault("a door's replies of Redis lost", lane_limit=5, seconds=3)
def lose_replies_of_doors(world: World, chance: random.Random) -> Iterator[float]:
    for door in world.doors:
        door.redis.lose(eval_reply, chance.randint(1, 4))
    yield 1.5


@fault("kill -9 maintain")
def kill_maintain(world: World, chance: random.Random) -> Iterator[float]:
    world.maintain[0].kill()
    yield 0
