"""Servers, tenants and events for a benchmark: durable servers, made afresh, thrown away afterwards."""

from __future__ import annotations

import json
import os
import random
import secrets
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import django
import psycopg
import redis
from django.core.management import call_command

from engine import embedded
from engine.roles import prepare_database
from engine.sql import load
from engine.types import Event

SEED = load("tests.benchmarks", "seed.sql")
LANES = 16
LEADS = 20_000  #: over all tenants

#: One event is three actions.
ACTIONS_PER_EVENT = 3
DOCUMENT = {
    "triggers": [{"type": "event", "event": "purchase"}],
    "steps": [
        {"id": "count", "action": "increment_number", "params": {"field": "orders", "by": 1}},
        {"id": "sum", "action": "increment_number", "params": {"field": "total", "by": "{{ event.amount }}"}},
        {"id": "score", "action": "change_score", "params": {"op": "add", "amount": 1}},
    ],
}


@contextmanager
def servers() -> Iterator[None]:
    """PostgreSQL with fsync and Valkey with its append-only file; their addresses are in the environment."""
    with (
        tempfile.TemporaryDirectory(prefix="fairlane-bench-") as folder,
        embedded.start(Path(folder) / "data", durable=True) as started,
    ):
        urls = prepare_database(started.postgres_url)
        os.environ.update(
            SECRET_KEY=secrets.token_hex(32), DATABASE_URL=urls.app, WORKER_DATABASE_URL=urls.worker,
            OWNER_DATABASE_URL=urls.owner, REDIS_URL=started.redis_url, LOG_LEVEL="WARNING",
            DJANGO_SETTINGS_MODULE="settings.dev", DEBUG="0",
        )  # fmt: skip
        django.setup()
        call_command("migrate", database="owner", verbosity=0)
        yield


def worker_connection() -> psycopg.Connection:
    """A connection of the worker role, each statement a transaction."""
    return psycopg.connect(os.environ["WORKER_DATABASE_URL"], autocommit=True)


def broker() -> redis.Redis:
    """Valkey."""
    return redis.Redis.from_url(os.environ["REDIS_URL"])


def reset(tenants: list[str]) -> None:
    """An empty database with these tenants, each with one running campaign of three actions."""
    broker().flushall()
    with psycopg.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True) as owner:
        owner.execute(
            "TRUNCATE campaigns_tenant, engine_tenantcontrol, engine_ledger, campaigns_activity,"
            " engine_deadletter, engine_outbox, engine_spill, engine_lanemode CASCADE"
        )
    with worker_connection() as connection:
        connection.execute(SEED["insert_tenants"], [tenants])
        connection.execute(SEED["insert_controls"], [LANES, tenants])
        connection.execute(SEED["insert_fields"], [tenants])
        connection.execute(SEED["insert_event_types"], [tenants])
        connection.execute(SEED["insert_campaigns"], [json.dumps(DOCUMENT), tenants])
        connection.execute(SEED["insert_versions"])
        connection.execute(SEED["start_campaigns"])
        connection.execute("VACUUM ANALYZE")


def names(count: int) -> list[str]:
    """Tenants t0000, t0001 and so on."""
    return [f"t{number:04d}" for number in range(count)]


def events(count: int, tenants: list[str], *, seed: int = 1) -> list[Event]:
    """Purchases: tenants by Zipf's law (the first has the most), leads evenly within a tenant."""
    chance = random.Random(seed)
    weights = [1 / (rank + 1) for rank in range(len(tenants))]
    total = sum(weights)
    leads = {name: max(1, int(LEADS * weight / total)) for name, weight in zip(tenants, weights, strict=True)}
    now = datetime.now(UTC)
    return [
        Event(
            id=str(uuid.UUID(int=chance.getrandbits(128))),
            tenant=tenant,
            lead=f"lead-{chance.randrange(leads[tenant])}",
            type="purchase",
            accepted_at=now,
            occurred_at=now,
            data={"amount": Decimal(chance.randrange(100, 100_000)) / 100},
        )
        for tenant in chance.choices(tenants, weights, k=count)
    ]


def memory_mb(pid: int) -> float:
    """A process's memory in MB, shared pages divided by their users (proportional set size)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"no figure for process {pid}")
