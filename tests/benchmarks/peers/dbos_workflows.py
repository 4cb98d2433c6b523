"""DBOS Transact: a durable workflow per event with a step per action. Also run by the processes of its node.

Two processes, as many as a prefork pool of two has, each with workflows of a queue in threads at the same time over
pooled connections, and a queue that is looked at often: that is how it is fastest here. A step is one transaction of
stock.py, with a row in the ledger because DBOS runs a step at least once. Its own way to once, the transactions of a
datasource, is slower. Workflows are enqueued in batches, a transaction each. The system tables are in a schema of their
own on the same server. Workflows of a lead are in no order.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from uuid import UUID, uuid5

import psycopg
import sqlalchemy
from dbos import DBOS, DBOSClient, EnqueueOptions
from psycopg_pool import ConnectionPool

from engine.roles import WORKER
from engine.types import Event
from tests.benchmarks.peers import nodes, stock, work
from tests.benchmarks.suite import Figures

NAME = "events"  #: of the application and of its queue
WORKFLOWS = 20  #: at the same time, of each process
POLL_SECONDS = 0.05
BATCH = 100  #: workflows enqueued by one transaction
WARM_EVENTS = 100


@cache
def leads() -> ConnectionPool:
    """Connections of this process for the steps' transactions."""
    url = os.environ["WORKER_DATABASE_URL"]
    return ConnectionPool(url, kwargs={"autocommit": True}, min_size=WORKFLOWS, max_size=WORKFLOWS, open=True)


@DBOS.workflow(name="act")
def act(tenant: str, lead: str, key: str, amount: str) -> None:
    """The actions of one event, one after the other."""
    for action in stock.ACTIONS:
        step(tenant, lead, action, str(uuid5(UUID(key), action)), amount)


@DBOS.step()
def step(tenant: str, lead: str, action: str, key: str, amount: str) -> None:
    """One action; one commit."""
    with leads().connection() as database:
        stock.write(database, tenant, lead, action, key, amount)


def run(events: int, *, seed: int) -> Figures:
    """Rate, cost and memory of its node."""
    _make_tables()
    with _client() as client:
        client.register_queue(NAME, worker_concurrency=WORKFLOWS, polling_interval_sec=POLL_SECONDS)
        node = partial(nodes.modules, __name__)
        return nodes.run(node, partial(enqueue, client), events, seed=seed, warm=WARM_EVENTS)


def enqueue(client: DBOSClient, events: Sequence[Event]) -> int:
    """A workflow per event. Returns the activities to come."""
    for first in range(0, len(events), BATCH):
        with _engine().begin() as connection:
            for event in events[first : first + BATCH]:
                options = EnqueueOptions(workflow_name="act", queue_name=NAME, workflow_id=event.id)
                client.enqueue_in_transaction(connection, options, **work.arguments(event))
    return len(events) * len(stock.ACTIONS)


@cache
def _engine() -> sqlalchemy.Engine:
    """What workflows are enqueued over."""
    return sqlalchemy.create_engine(os.environ["WORKER_DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:", 1))


@contextmanager
def _client() -> Iterator[DBOSClient]:
    client = DBOSClient(system_database_engine=_engine(), application_name=NAME)
    try:
        yield client
    finally:
        client.destroy()
        _engine().dispose()


def _make_tables() -> None:
    url = os.environ["OWNER_DATABASE_URL"]
    with psycopg.connect(url) as owner:
        owner.execute("DROP SCHEMA IF EXISTS dbos CASCADE")
    DBOS.migrate(url, application_role=WORKER)


def serve(number: str) -> None:
    """A process of the node."""
    leads().wait()
    DBOS(
        config={
            "name": NAME, "executor_id": number, "application_version": "1", "run_migrations": False,
            "system_database_url": os.environ["WORKER_DATABASE_URL"], "log_level": "ERROR",
        }
    )  # fmt: skip
    DBOS.launch()
    signal.pause()
