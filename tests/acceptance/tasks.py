"""Ordinary Celery tasks, as an application beside the engine has them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psycopg
from celery import shared_task

from tests import handler


@shared_task
def note(tenant: str, lead: str, n: int, **_: Any) -> None:
    """Write a line into the table of effects."""
    with psycopg.connect(os.environ["WORKER_DATABASE_URL"]) as connection:
        connection.execute(handler.INSERT, [tenant, lead, f"task-{n}", n, os.getpid()])


@shared_task(bind=True)
def note_at_second_try(self: Any, tenant: str, lead: str, n: int, marker: str, **_: Any) -> None:
    """The same, but not the first time."""
    if not Path(marker).exists():
        Path(marker).touch()
        raise self.retry(countdown=0.05)
    note(tenant=tenant, lead=lead, n=n)
