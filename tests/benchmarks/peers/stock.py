"""Stock Celery on Redis: one task and one transaction per action. Also run as the worker's app."""

from __future__ import annotations

import os
from functools import cache

import psycopg
from celery import Celery
from kombu.utils.uuid import uuid

from engine.sql import load
from engine.types import Event

SQL = load("tests.benchmarks.peers", "stock.sql")
ACTIONS = ("count", "sum", "score")

app = Celery("stock", broker=os.environ.get("REDIS_URL", ""), set_as_current=False)
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=4,
    task_default_queue="stock",
    broker_connection_retry_on_startup=True,
)


@cache
def _connection(_pid: int) -> psycopg.Connection:
    return psycopg.connect(os.environ["WORKER_DATABASE_URL"], autocommit=True)


@app.task(name="stock.act")
def act(tenant: str, lead: str, action: str, key: str, amount: str) -> None:
    """One action: ledger row, lead read and update, activity row; one commit."""
    connection = _connection(os.getpid())
    with connection.transaction():
        done = connection.execute(SQL["insert_ledger_row"], [tenant, key]).fetchone()
        if done is None:
            return
        connection.execute(SQL["insert_lead_missing"], [tenant, lead])
        row = connection.execute(SQL["lock_lead"], [tenant, lead]).fetchone()
        assert row is not None
        connection.execute(SQL[f"update_{action}"], [amount, row[0]])
        connection.execute(SQL["insert_activity"], [tenant, row[0], action, key, amount])


def enqueue(events: list[Event]) -> int:
    """A task per action. Returns how many."""
    with app.connection_for_write() as connection, app.amqp.Producer(connection) as producer:
        for event in events:
            for action in ACTIONS:
                args = (event.tenant, event.lead, action, uuid(), str(event.data["amount"]))
                act.apply_async(args, producer=producer)
    return len(events) * len(ACTIONS)
