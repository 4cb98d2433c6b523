"""The naive adapter, for comparison: stock Celery on Redis, one task and one transaction per event, late
acknowledgement, nothing else. Also run as the worker's app.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import psycopg
from celery import Celery
from kombu.exceptions import OperationalError

from engine.types import Event
from tests import handler
from tests.acceptance.harness import Worker
from tests.chaos.producer import Producer

app = Celery("stock", broker=os.environ.get("REDIS_URL", ""), set_as_current=False)
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_default_queue="stock",
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    task_publish_retry=False,
)


@cache
def _connection(_pid: int) -> psycopg.Connection:
    return psycopg.connect(os.environ["WORKER_DATABASE_URL"], autocommit=True)


@app.task(name="stock.act")
def act(tenant: str, lead: str, event: str, n: int, seconds: float) -> None:
    """One event."""
    time.sleep(seconds)
    try:
        _connection(os.getpid()).execute(handler.INSERT, [tenant, lead, event, n, os.getpid()])
    except psycopg.OperationalError:
        _connection.cache_clear()
        raise


class StockWorker(Worker):
    """A node of it."""

    def __init__(self, log: Path, *, concurrency: int = 2, **environment: str) -> None:
        self.log = log
        command = [sys.executable, "-m", "celery", "-A", "tests.chaos.stock", "worker", "--loglevel=INFO"]
        command += ["--without-mingle", "--without-gossip", "-c", str(concurrency), "-n", f"{log.stem}@stock"]
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=out, start_new_session=True, env=os.environ | environment
            )


class StockProducer(Producer):
    """Sends tasks; one that was not accepted for sure is sent again, those before it are not."""

    def _push(self, events: Sequence[Event]) -> Sequence[Event]:
        app.conf.broker_url = os.environ["REDIS_URL"]
        for event in events:
            seconds = event.data["seconds"] if event.type == "slow" else 0.0
            while not self._send([event.tenant, event.lead, event.id, event.data["n"], seconds]):
                time.sleep(0.1)
        return ()

    def _send(self, arguments: list[object]) -> bool:
        try:
            act.apply_async(arguments)
        except (OperationalError, OSError):
            return False
        return True
