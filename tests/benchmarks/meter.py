"""What a piece of work cost each kind of process, and the servers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.benchmarks import world
from tests.benchmarks.processes import cpu_of, cpu_seconds, tree
from tests.benchmarks.suite import Figures


@dataclass
class Meter:
    """Counts from start() to read()."""

    roles: Mapping[str, Callable[[], float]]  #: kinds of processes beside the servers', and what they have used
    _began: Figures = field(default_factory=dict)

    def start(self) -> None:
        """Count from now on."""
        self._began = self._now()

    def read(self, *, events: int, actions: int) -> Figures:
        """The rate and the cost since start(): seconds of a core by million actions, bytes by event."""
        ended = self._now()
        used = {name: ended[name] - self._began[name] for name in ended}
        figures = {f"cpu_{role}": used[f"cpu_{role}"] * 1e6 / actions for role in (*self.roles, *SERVERS)}
        figures["cpu"] = sum(figures.values())
        figures |= {f"{name}_bytes": used[name] / events for name in ("wal", "database")}
        seconds = used["seconds"]
        return figures | {"seconds": seconds, "events": events / seconds, "actions": actions / seconds}

    def _now(self) -> Figures:
        roles = {**self.roles, **SERVERS}
        figures = {f"cpu_{role}": used() for role, used in roles.items()}
        with world.worker_connection() as connection:
            row = connection.execute(world.SEED["measure_server"]).fetchone()
        assert row is not None
        return figures | {"wal": float(row[0]), "database": float(row[1]), "seconds": time.perf_counter()}


def _postgres() -> float:
    """All of PostgreSQL's processes; those that have ended are counted by the one that started them."""
    return cpu_of(tree(world.PIDS["postgres"]))


def _redis() -> float:
    return cpu_seconds(world.PIDS["redis"])


SERVERS: Mapping[str, Callable[[], float]] = {"redis": _redis, "postgres": _postgres}
