"""Servers, tenants and events for a benchmark: durable servers, made afresh, thrown away afterwards."""

from __future__ import annotations

import itertools
import json
import os
import random
import secrets
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import django
import msgspec
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

#: The servers' processes, while servers() runs.
PIDS: dict[str, int] = {}

COUNT = {"id": "count", "action": "increment_number", "params": {"field": "orders", "by": 1}}
SUM = {"id": "sum", "action": "increment_number", "params": {"field": "total", "by": "{{ event.amount }}"}}
SCORE = {"id": "score", "action": "change_score", "params": {"op": "add", "amount": 1}}


def document(*steps: dict[str, Any], event: str = "purchase", **rest: Any) -> dict[str, Any]:
    """A campaign that hears an event and does these steps."""
    named = [step | {"id": f"{step['id']}{number}"} for number, step in enumerate(steps)]
    return {"triggers": [{"type": "event", "event": event}], "steps": named} | rest


@dataclass(frozen=True)
class Scene:
    """What is set up, and what happens in it. Unless said otherwise an event is three actions."""

    tenants: int = 12
    document: Mapping[str, Any] = field(default_factory=lambda: document(COUNT, SUM, SCORE))
    actions: int = 3  #: of each event
    campaigns: int = 1  #: of each tenant; those beyond the first hear another event
    leads: int = LEADS  #: over all tenants
    hot: float = 0.0  #: share of events that happen to one lead
    even: bool = False  #: each tenant has as many events and leads as any other

    def names(self) -> list[str]:
        """The tenants."""
        return names(self.tenants)

    def reset(self) -> None:
        """An empty database with these tenants."""
        reset(self.names(), self.document, campaigns=self.campaigns)

    def events(self, count: int, *, seed: int) -> list[Event]:
        """Purchases: tenants by Zipf's law or evenly, leads evenly within a tenant but for the hot one."""
        made = events(count, self.names(), seed=seed, leads=self.leads, even=self.even)
        if not self.hot:
            return made
        chance = random.Random(seed)
        return [
            msgspec.structs.replace(one, tenant="t0000", lead="lead-0") if chance.random() < self.hot else one
            for one in made
        ]


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
            OWNER_DATABASE_URL=urls.owner, ADMIN_DATABASE_URL=started.postgres_url, REDIS_URL=started.redis_url,
            LOG_LEVEL="WARNING",
            DJANGO_SETTINGS_MODULE="settings.dev", DEBUG="0",
        )  # fmt: skip
        PIDS.update(postgres=started.postgres.pid, redis=int(broker().info("server")["process_id"]))
        django.setup()
        call_command("migrate", database="owner", verbosity=0)
        yield


def worker_connection() -> psycopg.Connection:
    """A connection of the worker role, each statement a transaction."""
    return psycopg.connect(os.environ["WORKER_DATABASE_URL"], autocommit=True)


def checkpoint() -> None:
    """Write what is only in memory and in the log: from now on the log has an image of each page changed first."""
    with psycopg.connect(os.environ["ADMIN_DATABASE_URL"], autocommit=True) as administrator:
        administrator.execute("CHECKPOINT")


def broker() -> redis.Redis:
    """Valkey."""
    return redis.Redis.from_url(os.environ["REDIS_URL"])


def reset(tenants: list[str], document: Mapping[str, Any] | None = None, *, campaigns: int = 1) -> None:
    """An empty database with these tenants, each with running campaigns: the first hears purchases."""
    first = json.dumps(document or Scene().document)
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
        connection.execute(SEED["insert_campaigns"], [first, tenants, campaigns])
        connection.execute(SEED["insert_versions"])
        connection.execute(SEED["start_campaigns"])
    analyze()


def analyze() -> None:
    """Tell the planner of the tables, as autovacuum would have done long since; the worker role may not."""
    with psycopg.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE")


def names(count: int) -> list[str]:
    """Tenants t0000, t0001 and so on."""
    return [f"t{number:04d}" for number in range(count)]


def events(count: int, tenants: list[str], *, seed: int = 1, leads: int = LEADS, even: bool = False) -> list[Event]:
    """Purchases: tenants by Zipf's law (the first has the most) or in turns, leads evenly within a tenant."""
    chance = random.Random(seed)
    weights = [1.0 if even else 1 / (rank + 1) for rank in range(len(tenants))]
    total = sum(weights)
    of_tenant = {name: max(1, int(leads * weight / total)) for name, weight in zip(tenants, weights, strict=True)}
    now = datetime.now(UTC)
    return [
        Event(
            id=str(uuid.UUID(int=chance.getrandbits(128))),
            tenant=tenant,
            lead=f"lead-{chance.randrange(of_tenant[tenant])}",
            type="purchase",
            accepted_at=now,
            occurred_at=now,
            data={"amount": Decimal(chance.randrange(100, 100_000)) / 100},
        )
        for tenant in (in_turns(count, tenants, chance) if even else chance.choices(tenants, weights, k=count))
    ]


def in_turns(count: int, tenants: list[str], chance: random.Random) -> list[str]:
    """So many tenants in no order, each as often as any other or once more."""
    turns = list(itertools.islice(itertools.cycle(tenants), count))
    chance.shuffle(turns)
    return turns
