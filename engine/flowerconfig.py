"""Flower with our lanes: `celery -A engine flower --conf=engine/flowerconfig.py`, which executes this file.

Every name here that Flower has an option for becomes that option; the command line goes before it. Flower
shows what tasks were called with and can stop workers, so it never runs without a password: FLOWER_USER and
FLOWER_PASSWORD in the environment, or Flower's own FLOWER_BASIC_AUTH.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

from flower.utils.broker import RedisBase

from engine.lanes import lanes
from engine.routing import LANE_PREFIX

#: Tenants on the broker page, the deepest first.
TENANTS = 50

address = "127.0.0.1"
tasks_columns = "name,args,state,result,received,runtime,worker,uuid"
max_tasks = 10_000

if not os.environ.get("FLOWER_BASIC_AUTH"):
    user, password = os.environ.get("FLOWER_USER"), os.environ.get("FLOWER_PASSWORD")
    if not user or not password or ":" in user:
        raise SystemExit("Flower needs a password: set FLOWER_USER (without a colon) and FLOWER_PASSWORD.")
    basic_auth = [f"{user}:{password}"]

queues_of_celery = RedisBase.queues


async def queues(self: RedisBase, names: Any) -> list[dict[str, Any]]:
    """Celery's own queues, then a row for each tenant that has something waiting."""
    rows = await queues_of_celery(self, names)
    found = await asyncio.to_thread(lanes().look, TENANTS)
    return rows + [row_of(tenant) for tenant in found["tenants"]]


def row_of(tenant: dict[str, Any]) -> dict[str, Any]:
    """The columns of Flower's page: events that are not settled yet, and lanes at work for consumers."""
    return {
        "name": LANE_PREFIX + tenant["tenant"],
        "messages": tenant["waiting"],
        "messages_ready": tenant["waiting"],
        "consumers": tenant["in_work"],
    }


RedisBase.queues = queues
