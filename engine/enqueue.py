"""The one door into the lanes."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import django.db
import redis
from kombu.utils.json import loads

from engine import spill
from engine.answers import Mode
from engine.control import is_draining, lane_counts
from engine.errors import BrokerDown, LaneFull, TenantDraining
from engine.journal import journal
from engine.lanes import LOST, lanes
from engine.routing import lane_of
from engine.spill import Order, Place
from engine.types import Event, encode

logger = logging.getLogger(__name__)

#: The type of an event that is an ordinary Celery task, sent to a lane by apply_async.
TASK_TYPE = "celery.task"

#: Bytes and events of one script call: it blocks Redis while it runs.
CHUNK_EVENTS = 5000

#: In place of an epoch: Redis took the events; it refused them because their tenant is being drained.
TAKEN, CLOSED = -1, -2

#: Lanes that were spilled into while Redis could not be told, by this process.
_untold: dict[Place, Mode] = {}

#: Class of SQLSTATE: insufficient resources.
NO_ROOM_CLASS = "53"

#: Lanes whose buffer was full, and until when the journal takes nothing for them. What is journalled is accepted,
#: so it is not refused any more: a full lane takes one push too many of each process now and then.
_full: dict[Place, float] = {}
FULL_SECONDS = 1.0

#: How often a lane may change its mode while one push goes on; then the events are spilled whatever it is.
MODE_TRIES = 10


def push(events: Sequence[Event]) -> None:
    """Append events to their lanes, in order per lead; when it returns they are accepted.

    A lane whose workers fall behind, and every lane while Redis cannot be reached, goes to PostgreSQL
    instead. Raises BrokerDown when neither answers, or the journal does not (some may have been accepted:
    repeating is harmless) and LaneFull with exactly the events that were refused, in order, because both are out
    of room; TenantDraining when some of them were because their tenant is being drained.
    """
    for first in range(0, len(events), CHUNK_EVENTS):
        try:
            _push_lanes(_by_lane(events[first : first + CHUNK_EVENTS]))
        except LaneFull as error:
            raise type(error)([*error.refused, *events[first + CHUNK_EVENTS :]]) from None


def push_to_lane(tenant: str, lane: int, event: Event) -> None:
    """Append an event to a lane that was chosen by its Celery name. Raises as push() does."""
    _push_lanes({(tenant, lane): [event]})


@dataclass
class _Refused:
    """Events of one push that were not accepted."""

    full: list[Event] = field(default_factory=list)  #: their lane is
    closed: list[Event] = field(default_factory=list)  #: their tenant is being drained


def _push_lanes(lanes_of: Mapping[Place, Sequence[Event]]) -> None:
    """Raises as push() does."""
    refused = _Refused()
    if lanes().settings.journal:
        lanes_of = _admit(lanes_of, refused)
        if lanes_of:
            journal().write(lanes_of)
    _deliver(lanes_of, refused)
    if refused.closed:
        raise TenantDraining(refused.full + refused.closed)
    if refused.full:
        raise LaneFull(refused.full)


def _admit(lanes_of: Mapping[Place, Sequence[Event]], refused: _Refused) -> dict[Place, Sequence[Event]]:
    """What may be journalled: that cannot be refused any more."""
    closed = _closed(sorted({tenant for tenant, _ in lanes_of}))
    admitted: dict[Place, Sequence[Event]] = {}
    for place, events in lanes_of.items():
        if place[0] in closed:
            refused.closed += events
        elif _is_full(place):
            refused.full += events
        else:
            admitted[place] = events
    return admitted


def _closed(tenants: Sequence[str]) -> set[str]:
    """Those being drained. PostgreSQL is asked where Redis cannot say; raises BrokerDown when it cannot either."""
    try:
        doors = lanes().doors(tenants)
    except (redis.RedisError, OSError):
        doors = [None] * len(tenants)
    try:
        return {
            tenant
            for tenant, is_open in zip(tenants, doors, strict=True)
            if is_open is False or (is_open is None and is_draining(tenant))
        }
    except django.db.Error as error:
        raise BrokerDown(f"the journal cannot be written: {error}") from error


def _is_full(place: Place) -> bool:
    if _full.get(place, 0.0) <= time.monotonic():
        _full.pop(place, None)
    return place in _full


def deliver(lanes_of: Mapping[Place, Sequence[Event]]) -> None:
    """Put events that are in the journal into their lanes. Raises BrokerDown."""
    _deliver(lanes_of, _Refused())


def _deliver(lanes_of: Mapping[Place, Sequence[Event]], refused: _Refused) -> None:
    for _ in range(MODE_TRIES):
        lanes_of = _spill(*_push_direct(lanes_of, refused), refused)
        if not lanes_of:
            return
    _spill(_orders(lanes_of, [None] * len(lanes_of), refused), True, refused)


def _by_lane(events: Sequence[Event]) -> dict[Place, list[Event]]:
    by_lane: dict[Place, list[Event]] = {}
    counts = lane_counts({event.tenant for event in events})
    for event in events:
        lane = lane_of(event.lead, counts[event.tenant])
        by_lane.setdefault((event.tenant, lane), []).append(event)
    return by_lane


def _push_direct(lanes_of: Mapping[Place, Sequence[Event]], refused: _Refused) -> tuple[dict[str, list[Order]], bool]:
    """Push into Redis. Returns by tenant what is to be spilled: at an epoch, or because Redis does not answer.

    And whether it is sure that Redis has none of it: a server that answers with an error has taken nothing.
    """
    sure = True
    groups = [(tenant, lane, [encode(event) for event in group]) for (tenant, lane), group in lanes_of.items()]
    try:
        _tell_first()
        depths = _push(groups, _urgent(lanes_of)) if groups else []
        epochs = [_epoch(depth) for depth in depths]
    except (redis.RedisError, OSError) as error:
        logger.warning("the broker does not take events (%s): they go to PostgreSQL", error)
        epochs = [None] * len(groups)
        sure = isinstance(error, redis.ResponseError)
    return _orders(lanes_of, epochs, refused), sure


def _epoch(depth: int | bytes | None) -> int | None:
    """At which events are to be spilled, TAKEN or CLOSED; None: nobody knows."""
    if depth is None:
        return CLOSED
    if isinstance(depth, bytes):
        assert depth == LOST
        return None
    return -1 - depth if depth < 0 else TAKEN


def _urgent(lanes_of: Mapping[Place, Sequence[Event]]) -> dict[Place, int]:
    """The lanes that are given urgent events, and how many events there are up to the last of these."""
    last = {}
    for place, events in lanes_of.items():
        for count, event in enumerate(events, 1):
            if event.urgent:
                last[place] = count
    return last


def _push(groups: Sequence[tuple[str, int, Sequence[bytes]]], urgent: Mapping[Place, int]) -> list[int | bytes | None]:
    try:
        return lanes().push(groups, urgent)
    except redis.ConnectionError:  # of a server that has been restarted since
        return lanes().push(groups, urgent)


def _tell_first() -> None:
    """What this process spilled blindly comes before what it pushes now."""
    if not _untold:
        return
    told = dict(_untold)
    lanes().tell_modes(list(told.values()))
    for place, mode in told.items():
        if _untold.get(place) == mode:
            del _untold[place]


def _orders(
    lanes_of: Mapping[Place, Sequence[Event]], epochs: Sequence[int | None], refused: _Refused
) -> dict[str, list[Order]]:
    """By tenant, without what Redis took and what it refused."""
    orders: dict[str, list[Order]] = {}
    for ((tenant, lane), group), epoch in zip(lanes_of.items(), epochs, strict=True):
        if epoch == CLOSED:
            refused.closed += group
        elif epoch != TAKEN:
            orders.setdefault(tenant, []).append(Order(lane, group, epoch))
    return orders


def _spill(orders: Mapping[str, Sequence[Order]], sure: bool, refused: _Refused) -> dict[Place, Sequence[Event]]:
    """Write the orders. Returns the lanes that have moved on, to be pushed again.

    sure: Redis has none of these events. Then a PostgreSQL without room refuses them, if they are not in the journal
    already; else it is BrokerDown.
    Redis is told, so that somebody looks for them; of what was spilled blindly at the next push, or by maintenance.
    """
    again: dict[Place, Sequence[Event]] = {}
    for tenant, of_tenant in orders.items():
        try:
            if of_tenant[0].epoch is None and _is_refused(tenant):
                refused.closed += [event for order in of_tenant for event in order.events]
                continue
            answer = _accept(tenant, of_tenant)
        except django.db.Error as error:
            if lanes().settings.journal or not (sure and _has_no_room(error)):
                raise BrokerDown(f"neither Redis nor PostgreSQL takes events: {error}") from error
            logger.warning("there is no room for events of tenant %s: %s", tenant, error)
            refused.full += [event for order in of_tenant for event in order.events]
            continue
        refused.full += [event for order in answer.full for event in order.events]
        again |= {(tenant, order.lane): order.events for order in answer.stale}
        if any(order.epoch is not None for order in of_tenant):
            _tell(answer.modes)
        else:
            _untold.update({(mode[0], mode[1]): mode for mode in answer.modes})
    return again


def _has_no_room(error: django.db.Error) -> bool:
    """PostgreSQL answered that its disk or its memory is full, so its transaction was rolled back."""
    return (getattr(error.__cause__, "sqlstate", None) or "").startswith(NO_ROOM_CLASS)


def _is_refused(tenant: str) -> bool:
    """Whether it is being drained, which Redis could not say."""
    return not lanes().settings.journal and is_draining(tenant)


def _accept(tenant: str, orders: Sequence[Order]) -> spill.Answer:
    """What is journalled is not refused any more: of a lane that is full the next push is, before the journal."""
    settings = lanes().settings
    if not settings.journal:
        return spill.accept(tenant, orders, settings.spill_limit)
    answer = spill.accept(tenant, orders, settings.spill_limit, refuse=False)
    _full.update({(tenant, order.lane): time.monotonic() + FULL_SECONDS for order in answer.full})
    answer.full.clear()
    return answer


def _tell(modes: Sequence[Mode]) -> None:
    try:
        lanes().tell_modes(modes)
    except (redis.RedisError, OSError) as error:
        logger.warning("the broker was not told the lanes' modes: %s", error)


def task_event(tenant: str, message: dict[str, Any]) -> Event:
    """The event that stands for a Celery message in a lane.

    Its arguments stay as Celery wrote them. Raises ValueError for what a lane cannot give: a time to
    wait, because it keeps order, and tasks to call afterwards.
    """
    headers = message["headers"]
    if headers.get("eta"):
        raise ValueError(f"{headers['task']}: a task in a lane keeps its order, so it takes no eta or countdown")
    body = message["body"]
    if message.get("properties", {}).get("body_encoding") == "base64":
        body = base64.b64decode(body).decode()
    _, kwargs, embed = loads(body)
    if any(embed.values()):
        raise ValueError(f"{headers['task']}: a task in a lane takes no callbacks, chain or chord")
    now = datetime.now(UTC)
    return Event(
        id=headers["id"], tenant=tenant, lead=str((kwargs or {}).get("lead", "")), type=TASK_TYPE,
        accepted_at=now, occurred_at=now, source="task",
        data={"task": headers["task"], "body": body},
    )  # fmt: skip
