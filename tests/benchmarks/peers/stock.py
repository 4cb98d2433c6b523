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

#: What people set who want no task lost, and nothing that costs.
SETTINGS = {
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_ignore_result": True,
    "task_acks_late": True,
    "worker_prefetch_multiplier": 4,
    "task_default_queue": "stock",
    "broker_connection_retry_on_startup": True,
}

app = Celery("stock", broker=os.environ.get("REDIS_URL", ""), set_as_current=False)
app.conf.update(SETTINGS)


@cache
def connection(_pid: int) -> psycopg.Connection:
    """Of this process, kept open; each statement outside a transaction is one."""
    return psycopg.connect(os.environ["WORKER_DATABASE_URL"], autocommit=True)


@app.task(name="peers.act")
def act(tenant: str, lead: str, action: str, key: str, amount: str) -> None:
    """One action; one commit."""
    write(connection(os.getpid()), tenant, lead, action, key, amount)


def write(database: psycopg.Connection, tenant: str, lead: str, action: str, key: str, amount: str) -> None:
    """An action in a transaction: ledger row, lead read and update, activity row. Nothing if the ledger has the key."""
    with database.transaction():
        done = database.execute(SQL["insert_ledger_row"], [tenant, key]).fetchone()
        if done is None:
            return
        database.execute(SQL["insert_lead_missing"], [tenant, lead])
        row = database.execute(SQL["lock_lead"], [tenant, lead]).fetchone()
        assert row is not None
        database.execute(SQL[f"update_{action}"], [amount, row[0]])
        database.execute(SQL["insert_activity"], [tenant, row[0], action, key, amount])


def enqueue(events: list[Event]) -> int:
    """A task per action. Returns how many."""
    with app.connection_for_write() as broker, app.amqp.Producer(broker) as producer:
        for event in events:
            for action in ACTIONS:
                args = (event.tenant, event.lead, action, uuid(), str(event.data["amount"]))
                act.apply_async(args, producer=producer)
    return len(events) * len(ACTIONS)
