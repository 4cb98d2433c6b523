"""Celery's transport: stock Redis, where a queue named t.<tenant>.<lane> is a lane.

Producing to a lane goes through the push script. A worker consumes one queue of wake-up marks; a mark
makes the channel lease bundles, each delivered to Celery as one message of `engine.run_bundle`.
Acknowledging that message gives the bundle back. Every other queue is stock Redis.

The overrides belong to kombu 5.7: publish `Channel._put`, consume `Transport._deliver`, acknowledge
`QoS.ack/reject/restore_*`.
"""

from __future__ import annotations

import base64
import logging
import time
import uuid
from collections.abc import Callable
from queue import Empty
from typing import Any

import redis
from kombu.transport import redis as stock
from kombu.transport import virtual
from kombu.utils.json import dumps

from engine.answers import Lease, LeasedLane
from engine.conf import conf
from engine.enqueue import push_to_lane, task_event
from engine.keeper import keeper, owner
from engine.keys import BUNDLE_TAG, WAKE_QUEUE
from engine.lanes import lanes
from engine.routing import LANE_PREFIX, parse_queue

logger = logging.getLogger(__name__)

#: The Celery task that executes a bundle.
BUNDLE_TASK = "engine.run_bundle"

#: Bundles leased for one mark: few, or one node takes all ready lanes before the others wake.
BUNDLES_PER_MARK = 2

#: A mark of which this node can make no use is passed on to the others; if nobody else waits it comes back at once.
PASS_ON_SECONDS = 0.05


def in_words(leased: list[LeasedLane]) -> str:
    """What a bundle holds, short enough for Flower's columns; its search finds the tenants."""
    tenants = sorted({tenant for tenant, *_ in leased})
    more = f"(+{len(tenants) - 5})" if len(tenants) > 5 else ""
    events = sum(count for _, _, count in leased)
    return f"tenants={','.join(tenants[:5])}{more} lanes={len(leased)} events={events}"


def bundle_message(bundle: str, database: str, words: str, limit: float) -> dict[str, Any]:
    """A Celery message (protocol 2) that runs one bundle; the events stay in Redis."""
    # Of several databases the one whose turn it is comes next: the main process knows, an executor keeps to its own.
    node = owner() if len(conf().databases) == 1 else ""
    kwargs = {"bundle": bundle, "database": database, "node": node}
    arguments = ((), kwargs, {"callbacks": None, "errbacks": None, "chain": None, "chord": None})
    return {
        "body": base64.b64encode(dumps(arguments).encode()).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {
            "lang": "py", "task": BUNDLE_TASK, "id": bundle, "root_id": bundle, "parent_id": None,
            "group": None, "argsrepr": words, "kwargsrepr": "", "origin": owner(), "ignore_result": True,
            "retries": 0, "eta": None, "expires": None, "timelimit": [limit, None],
        },
        "properties": {
            "correlation_id": bundle, "reply_to": "", "delivery_tag": bundle, "priority": 0,
            "body_encoding": "base64", "delivery_info": {"exchange": "", "routing_key": WAKE_QUEUE},
        },
    }  # fmt: skip


class QoS(stock.QoS):
    """Bundles count against the prefetch limit like every message, but their record is the lease."""

    def append(self, message: Any, tag: str) -> None:
        """Remember a delivery; a bundle needs no copy in `unacked`."""
        if tag.startswith(BUNDLE_TAG):
            virtual.QoS.append(self, message, tag)
        else:
            super().append(message, tag)

    def ack(self, tag: str) -> None:
        """A bundle that ended, however it ended."""
        if tag.startswith(BUNDLE_TAG):
            keeper().drop(tag)
            virtual.QoS.ack(self, tag)
        else:
            super().ack(tag)

    def reject(self, tag: str, requeue: bool = False) -> None:
        """Giving a bundle back is releasing it, so requeueing is the same as acknowledging."""
        if tag.startswith(BUNDLE_TAG):
            self.ack(tag)
        else:
            super().reject(tag, requeue)

    def restore_by_tag(self, tag: str, client: Any = None, leftmost: bool = False) -> None:
        """Put an ordinary message back; bundles are the keeper's."""
        if not tag.startswith(BUNDLE_TAG):
            super().restore_by_tag(tag, client, leftmost)

    def restore_unacked(self, client: Any = None) -> None:
        """kombu 5.7.0 asks a connection it has closed, which ends the worker when Redis restarts."""
        if self.channel.connection is None or self.channel.connection.client is None:
            self._delivered.clear()
        else:
            super().restore_unacked(client)

    def restore_visible(self, start: int = 0, num: int = 10, interval: int = 10) -> None:
        """Put ordinary messages of the dead back; a full Redis, which has no room for kombu's mutex, ends no worker."""
        try:
            super().restore_visible(start, num, interval)
        except redis.OutOfMemoryError as error:
            logger.warning("messages of dead workers wait: %s", error)


class Channel(stock.Channel):
    """Publishing to lanes, and leasing for a consumer."""

    QoS = QoS
    _passed_on_at = 0.0

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        if not queue.startswith(LANE_PREFIX):
            super()._put(queue, message, **kwargs)
            return
        tenant, lane = parse_queue(queue)
        push_to_lane(tenant, lane, task_event(tenant, message))

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        """A worker starts on a full Redis too: it needs no binding to consume, and who publishes binds again."""
        try:
            super()._queue_bind(exchange, routing_key, pattern, queue)
        except redis.OutOfMemoryError as error:
            logger.warning("queue %s is not bound: %s", queue, error)

    def _size(self, queue: str) -> int:
        if not queue.startswith(LANE_PREFIX):
            return super()._size(queue)
        return lanes().depth(*parse_queue(queue))

    def deliver_bundles(self, callback: Callable[[dict[str, Any]], None]) -> None:
        """Lease bundles for the free slots and hand each to Celery."""
        free = self.qos.can_consume_max_estimate() or 1
        for _ in range(min(free, BUNDLES_PER_MARK)):
            if not self._deliver_bundle(callback):
                return

    def _deliver_bundle(self, callback: Callable[[dict[str, Any]], None]) -> bool:
        """Returns whether there was one."""
        bundle = BUNDLE_TAG + uuid.uuid4().hex
        leased = self._lease(bundle)
        if leased is None:
            return False
        words = in_words(leased.lanes)
        keeper().hold(bundle, leased.database, words)
        callback(bundle_message(bundle, leased.database, words, conf().run_seconds))
        return True

    def _lease(self, bundle: str) -> Lease | None:
        now = time.monotonic()
        pass_on = now - self._passed_on_at >= PASS_ON_SECONDS
        try:
            leased = lanes().lease_next(bundle, owner(), keeper().may_lease(), pass_on=pass_on)
        except self.connection_errors:
            keeper().drop(bundle)  # the reply may be what was lost, not the lease
            raise
        except redis.RedisError as error:  # loading, read-only: the worker stays and is woken again
            logger.warning("nothing leased: %s", error)
            return None
        if leased is None and pass_on:
            self._passed_on_at = now
        return leased

    def close(self) -> None:
        """kombu 5.7.0 stays half closed when the read of a BRPOP in flight fails here."""
        if self._in_poll:
            try:
                self._brpop_read()
            except (Empty, *self.connection_errors):
                pass
        super().close()


class Transport(stock.Transport):
    """`fairlane://` in a broker URL."""

    Channel = Channel

    def _deliver(self, message: Any, queue: str) -> None:
        if queue != WAKE_QUEUE or isinstance(message, dict):
            super()._deliver(message, queue)
            return
        callback = self._callbacks.get(queue)
        if callback is None:
            return  # cancelled meanwhile; the sweep wakes again
        for channel in self.channels:
            if WAKE_QUEUE in channel._active_queues:
                channel.deliver_bundles(callback)
                return
