"""The worker part beside the transport: figures for `celery inspect stats`, and the ends of leases."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from functools import partial
from typing import Any

from celery import bootsteps
from celery.worker import state

from engine.keeper import Keeper, keeper

#: celery 5.7 may notice a dead pool child by its 5 s timer only; this looks as often as a person would like.
POOL_CHECK_SECONDS = 0.5

#: Processes of the pool that were told to end, and have not after so long, are killed: what they did is rolled back.
COLD_SECONDS = 10.0


def drop_orphans(leases: Keeper) -> None:
    """Give back bundles whose request Celery threw away at a reconnect, without ack or callback.

    consumer.on_close() does that to every request that no child had accepted; their leases would be
    renewed for ever.
    """
    alive = {request.id for request in state.active_requests}
    for bundle in [bundle for bundle in list(leases.held) if bundle not in alive]:
        leases.drop(bundle)


class ColdEnd:
    """Kills what is left of the pool when a cold shutdown (SIGQUIT) does not end. Called again and again.

    celery 5.7 waits for each process without a limit, in the handler of the signal. That may have come while it was
    handing a process its task: half of it is written, the process waits for the rest, and reacts to nothing else.
    """

    def __init__(self, c: Any) -> None:
        self._consumer = c
        self._began = 0.0

    def __call__(self) -> None:
        """Never waits."""
        if not state.should_terminate:
            return
        self._began = self._began or time.monotonic()
        if time.monotonic() - self._began > COLD_SECONDS:
            for pid in self._consumer.pool.info["processes"]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def slots(c: Any) -> int:
    """Bundles the pool can execute at once, when it has grown as far as it may."""
    autoscaler = getattr(c.controller, "autoscaler", None)
    return autoscaler.max_concurrency if autoscaler else c.pool.num_processes


class LaneControl(bootsteps.StartStopStep):
    """Starts with the consumer, also after each reconnect; ends when the pool has drained."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    label = "Lanes"

    def start(self, c: Any) -> None:
        """Before consuming begins."""
        keeper().slots = partial(slots, c)
        keeper().watch = ColdEnd(c)
        drop_orphans(keeper())
        if c.hub is not None:
            c.hub.call_repeatedly(POOL_CHECK_SECONDS, c.pool.maintain_pool)

    def stop(self, c: Any) -> None:
        """Nothing: leases in hand are renewed while the pool drains."""

    def shutdown(self, c: Any) -> None:
        """The pool has drained: what is still held goes back."""
        keeper().end()

    def info(self, c: Any) -> dict[str, Any]:
        """Shown by `celery inspect stats`."""
        leases = keeper()
        words = {bundle: held.words for bundle, held in list(leases.held.items())}
        figures = {"held": words, "leased": leases.leased, "databases": leases.figures(), "breakers": leases.breakers}
        return {"lanes": figures | leases.pressure}
