"""The one door into the lanes."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import redis
from kombu.utils.json import loads

from engine.control import lane_count
from engine.errors import BrokerDown, LaneFull
from engine.lanes import lanes
from engine.routing import lane_of
from engine.types import Event, encode

#: The type of an event that is an ordinary Celery task, sent to a lane by apply_async.
TASK_TYPE = "celery.task"

#: Bytes and events of one script call: it blocks Redis while it runs.
CHUNK_EVENTS = 5000


def push(events: Sequence[Event]) -> None:
    """Append events to their lanes, in order per lead; when it returns they are accepted.

    Raises BrokerDown when Redis cannot be reached (some may have been accepted: repeating is harmless)
    and LaneFull with the events that were refused, in order.
    """
    for first in range(0, len(events), CHUNK_EVENTS):
        refused = _push_chunk(events[first : first + CHUNK_EVENTS])
        if refused:
            raise LaneFull([*refused, *events[first + CHUNK_EVENTS :]])


def _push_chunk(events: Sequence[Event]) -> list[Event]:
    """Returns the events of lanes that were full."""
    by_lane: dict[tuple[str, int], list[Event]] = {}
    for event in events:
        lane = lane_of(event.lead, lane_count(event.tenant))
        by_lane.setdefault((event.tenant, lane), []).append(event)
    groups = [(tenant, lane, [encode(event) for event in group]) for (tenant, lane), group in by_lane.items()]
    try:
        depths = lanes().push(groups) if groups else []
    except (redis.RedisError, OSError) as error:
        raise BrokerDown(str(error)) from error
    return [event for depth, group in zip(depths, by_lane.values(), strict=True) if depth < 0 for event in group]


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
