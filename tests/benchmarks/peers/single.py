"""Celery on Redis with one task and one transaction per event. Also run as the worker's app.

Its settings, its pool (two processes) and its connections are those of stock.py: only what is put into a task differs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from celery import Celery

from engine.types import Event
from tests.benchmarks.peers import stock, work

app = Celery("single", broker=os.environ.get("REDIS_URL", ""), set_as_current=False)
app.conf.update(stock.SETTINGS)


@app.task(name="single.act")
def act(tenant: str, lead: str, key: str, amount: str) -> None:
    """All actions of one event; one commit."""
    database = stock.connection(os.getpid())
    with database.transaction():
        if database.execute(*work.claim(tenant, key)).fetchone():
            for statement in work.effects(tenant, lead, key, amount):
                database.execute(*statement)


def enqueue(events: Sequence[Event]) -> int:
    """A task per event. Returns the activities to come."""
    with app.connection_for_write() as broker, app.amqp.Producer(broker) as producer:
        for event in events:
            act.apply_async(kwargs=work.arguments(event), producer=producer)
    return len(events) * work.ACTIVITIES
