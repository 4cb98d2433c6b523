"""DBOS Transact: a durable workflow per event with a step per action. Also run by the processes of its node.

Two processes, as many as a prefork pool of two has, each with workflows of a queue in threads at the same time over
pooled connections, and a queue that is looked at often: that is how it is fastest here. Each step is a transaction that
also writes the step's outcome, at the isolation level of the other peers. A workflow's id is the event's: workflows and
steps are the ledger, and it writes no other. Workflows are enqueued in batches, a transaction each. The system tables
are in a schema of their own on the same server. Workflows of a lead are in no order.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial

import psycopg
import sqlalchemy
from dbos import DBOS, DBOSClient, EnqueueOptions, SQLAlchemyDatasource

from engine.roles import WORKER
from engine.types import Event
from tests.benchmarks.peers import nodes, work
from tests.benchmarks.peers.stock import ACTIONS, SQL
from tests.benchmarks.suite import Figures

NAME = "events"  #: of the application and of its queue
WORKFLOWS = 10  #: at the same time, of each process
POLL_SECONDS = 0.02
BATCH = 100  #: workflows enqueued by one transaction
WARM_EVENTS = 100


@cache
def datasource() -> SQLAlchemyDatasource:
    """Where the steps' transactions are."""
    pool = {"pool_size": WORKFLOWS}
    return SQLAlchemyDatasource.create(os.environ["WORKER_DATABASE_URL"], engine_kwargs=pool, run_migrations=False)


@DBOS.workflow(name="act")
def act(tenant: str, lead: str, key: str, amount: str) -> None:
    """The actions of one event, one after the other, each done once."""
    for action in ACTIONS:
        options = {"name": action, "isolation_level": "READ COMMITTED"}
        datasource().run_tx_step(options, _act, action, tenant, lead, key, amount)


def _act(action: str, tenant: str, lead: str, key: str, amount: str) -> None:
    """The lead made where the first action may miss it, read and updated; activity row."""
    database = datasource().sql_session().connection()
    if action == ACTIONS[0]:
        database.exec_driver_sql(SQL["insert_lead_missing"], (tenant, lead))
    row = database.exec_driver_sql(SQL["lock_lead"], (tenant, lead)).one()
    database.exec_driver_sql(SQL[f"update_{action}"], (amount, row[0]))
    database.exec_driver_sql(SQL["insert_activity"], (tenant, row[0], action, key, amount))


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
    return len(events) * len(ACTIONS)


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
    SQLAlchemyDatasource.migrate(url, application_role=WORKER)


def serve(number: str) -> None:
    """A process of the node."""
    datasource()
    DBOS(
        config={
            "name": NAME, "executor_id": number, "application_version": "1", "run_migrations": False,
            "system_database_url": os.environ["WORKER_DATABASE_URL"], "log_level": "ERROR",
        }
    )  # fmt: skip
    DBOS.launch()
    signal.pause()
