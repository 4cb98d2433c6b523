"""What needs root: a cable that is pulled, disks that are full, slow or broken."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

from engine.errors import EmbeddedServerError
from tests.chaos import machine
from tests.chaos.fault import Harm, fault, start_again
from tests.chaos.world import LEASE_SECONDS, World

#: Bytes left on a full disk.
SPARE = (0, 4096, 100_000)

SLOW_MICROSECONDS = 200_000


@fault("a node's network is unplugged", needs="namespace")
def unplug(world: World, chance: random.Random) -> Iterator[float]:
    assert world.namespace is not None
    world.namespace.unplug()
    yield LEASE_SECONDS * chance.uniform(0.5, 3)
    world.namespace.plug()


@fault("disk full", needs="disk", seconds=4)
def fill(world: World, chance: random.Random) -> Iterator[float]:
    ballast = machine.fill_disk(world.disk, chance.choice(SPARE))
    yield chance.uniform(1, 4)
    ballast.unlink()
    start_again(world.servers.postgres)
    start_again(world.servers.valkey)


def _traced(server: str, *what: str) -> Harm:
    def harm(world: World, chance: random.Random) -> Iterator[float]:
        traced = getattr(world.servers, server)
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError, EmbeddedServerError):  # another fault has ended it
                stack.enter_context(machine.tracing(traced.pid, *what))
            yield chance.uniform(1, 3)
        start_again(traced)

    return harm


_slow = f"inject=fdatasync:delay_enter={SLOW_MICROSECONDS}"
fault("slow disk under Redis", needs="strace", seconds=3)(_traced("valkey", "trace=fdatasync", _slow))
fault("slow disk under PostgreSQL", needs="strace", seconds=3, lane_limit=5)(
    _traced("postgres", "trace=pwrite64", "inject=pwrite64:delay_enter=20000")
)
fault("EIO under Redis", needs="strace", seconds=3)(_traced("valkey", "trace=fdatasync", "inject=fdatasync:error=EIO"))
fault("EIO under PostgreSQL", needs="strace", seconds=3, lane_limit=5)(
    _traced("postgres", "trace=pwrite64", "inject=pwrite64:error=EIO:when=3+5")
)
