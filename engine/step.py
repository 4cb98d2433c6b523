"""The worker part beside the transport: figures for `celery inspect stats`, and the ends of leases."""

from __future__ import annotations

from functools import partial
from typing import Any

from celery import bootsteps
from celery.worker import state

from engine.keeper import Keeper, keeper

#: celery 5.7 may notice a dead pool child by its 5 s timer only; this looks as often as a person would like.
POOL_CHECK_SECONDS = 0.5


def drop_orphans(leases: Keeper) -> None:
    """Give back bundles whose request Celery threw away at a reconnect, without ack or callback.

    consumer.on_close() does that to every request that no child had accepted; their leases would be
    renewed for ever.
    """
    alive = {request.id for request in state.active_requests}
    for bundle in [bundle for bundle in list(leases.held) if bundle not in alive]:
        leases.drop(bundle)


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
