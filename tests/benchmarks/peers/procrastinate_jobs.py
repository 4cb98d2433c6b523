"""procrastinate: a job per event, jobs of a lead under one lock. Also run by the processes of its node.

Two processes, as many as a prefork pool of two has, each with jobs of an asynchronous task at the same time over pooled
connections: that is how it is fastest here. Jobs are deferred in batches, a statement each. Workers are woken by
notifications, and ask by themselves more often than by default, so that nothing waits for a lock that has become free.
Its tables are in the database of the leads. It runs a job at least once, so a job begins with its row in the ledger.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.schema import SchemaManager
from psycopg_pool import AsyncConnectionPool

from engine.sql import load
from engine.types import Event
from tests.benchmarks.peers import nodes, work
from tests.benchmarks.peers.nodes import Node
from tests.benchmarks.suite import Figures

SQL = load("tests.benchmarks.peers", "procrastinate.sql")
JOBS = 10  #: at the same time, of each process
BATCH = 100  #: jobs deferred by one statement
POLL_SECONDS = 0.1
WARM_EVENTS = 200

_url = os.environ.get("WORKER_DATABASE_URL", "")
app = App(
    connector=PsycopgConnector(
        conninfo=_url, kwargs={"options": "-c search_path=procrastinate"}, min_size=1, max_size=JOBS + 2
    )
)
leads = AsyncConnectionPool(_url, min_size=JOBS, max_size=JOBS, open=False)


@app.task(name="act", queue="events")
async def act(tenant: str, lead: str, key: str, amount: str) -> None:
    """All actions of one event; one commit."""
    async with leads.connection() as database:
        claimed = await database.execute(*work.claim(tenant, key))
        if await claimed.fetchone():
            for statement in work.effects(tenant, lead, key, amount):
                await database.execute(*statement)


def run(events: int, *, seed: int) -> Figures:
    """Rate, cost and memory of its node."""
    return nodes.run(_node, enqueue, events, seed=seed, warm=WARM_EVENTS)


def enqueue(events: Sequence[Event]) -> int:
    """A job per event. Returns the activities to come."""
    jobs = [act.configure(lock=f"{e.tenant} {e.lead}").make_new_job(**work.arguments(e)) for e in events]
    for first in range(0, len(jobs), BATCH):
        app.job_manager.batch_defer_jobs(jobs[first : first + BATCH])
    return len(events) * work.ACTIVITIES


@contextmanager
def _node() -> Iterator[Node]:
    _make_tables()
    with app.open(), nodes.modules(__name__) as node:
        yield node


def _make_tables() -> None:
    with psycopg.connect(os.environ["OWNER_DATABASE_URL"]) as owner:
        owner.execute(SQL["create_schema"])
        owner.execute(SchemaManager.get_schema())
        owner.execute(SQL["grant_schema"])


def serve(_number: str) -> None:
    """A process of the node."""
    asyncio.run(_serve())


async def _serve() -> None:
    async with leads, app.open_async():
        await app.run_worker_async(queues=["events"], concurrency=JOBS, fetch_job_polling_interval=POLL_SECONDS)
