"""What a kind of fault is, and the list of them. The kinds themselves are in faults/, found by walking it."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import psycopg

from engine.embedded.process import Server, birth
from engine.errors import EmbeddedServerError
from engine.lanes import BROKER_ERRORS
from tests.chaos.world import World

#: One generator each. Before its `yield` it does harm, after it heals what only a person or the machine could heal.
#: What it yields is how long the harm lasts, in seconds.
Harm = Callable[[World, random.Random], Iterator[float]]

#: Among several faults, one may find the server down that it means to harm.
ALREADY_DOWN = (*BROKER_ERRORS, psycopg.Error)


@dataclass(frozen=True)
class Fault:
    """A kind, as rounds and tables name it."""

    name: str
    harm: Harm
    loses: bool = False  #: Redis forgets what it had accepted: the client sends all of it again
    meddles: bool = False  #: writes to lanes past the scripts: the reconciler has something to repair
    poison: Sequence[str] = ()  #: types of events that must become dead letters
    skew: Sequence[float] = (0.0,)  #: wrong clocks of who accepts events
    combines: bool = True
    seconds: float = 0  #: over which the events are sent; 0: as the round says
    lane_limit: int = 0  #: most events of a lane in Redis; 0: as the round says
    spill_limit: int = 0  #: most events of a lane in PostgreSQL; 0: the default
    needs: str = ""  #: of the machine; see tests/chaos/machine.py


FAULTS: dict[str, Fault] = {}


def fault(name: str, **more: object) -> Callable[[Harm], Harm]:
    """Registers a kind."""

    def register(harm: Harm) -> Harm:
        FAULTS[name] = Fault(name, harm, **more)  # type: ignore[arg-type]
        return harm

    return register


def discover() -> dict[str, Fault]:
    """All kinds."""
    package = importlib.import_module("tests.chaos.faults")
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    return FAULTS


def nothing(world: World, chance: random.Random) -> Iterator[float]:
    """No harm from outside: the events themselves are the fault, or their number."""
    yield 0


def start_again(server: Server) -> None:
    """Unless it runs, because another fault's end has started it."""
    with contextlib.suppress(EmbeddedServerError):
        if birth(server.pid) is not None:
            return
    server.kill()
    server.start()


def eval_reply(request: bytes) -> bool:
    """A script's."""
    return b"EVALSHA" in request


def commit_reply(request: bytes) -> bool:
    """Of a transaction with effects in it."""
    return b"COMMIT" in request
