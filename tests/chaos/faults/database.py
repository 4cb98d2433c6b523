"""PostgreSQL that ends, or whose answers are lost."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator

from engine.errors import EmbeddedServerError
from tests.chaos.fault import ALREADY_DOWN, commit_reply, fault, start_again
from tests.chaos.world import World


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
