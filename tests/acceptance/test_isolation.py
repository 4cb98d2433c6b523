"""Promise 7. Isolation: no tenant sees or touches another's data, and no database shared by many tenants has its
connections exhausted because its work landed on one node.

Real web, worker, maintenance and Flower; each tenant's texts, ids and answers hold a canary of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from campaigns import keys
from engine.embedded.valkey import free_port
from tests.acceptance.harness import Worker, wait_until
from tests.acceptance.test_flower import FLOWER, LOGIN
from tests.acceptance.test_flower import answers as flower_answers
from tests.acceptance.test_flower import page as flower_page
from tests.integration.campaigns.world import ACME, ZETA, canary, logged_in, make_tenant

TENANTS = (ACME, ZETA)
STRANGER = {ACME: ZETA, ZETA: ACME}
LEADS, TURNS = 20, 30
SLOTS = 2  #: processes of the worker's pool
THREADS = 2  #: of the web process

#: Every table with a tenant that the worker role sees, without partitions.
TABLES = """
SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
  AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1
"""
CONNECTIONS = """
SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'fairlane-%'
"""


@contextmanager
def running(log: Path, *command: str, **environment: str) -> Iterator[None]:
    """A process until the end of the test, with what it says."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | environment)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class World:
    """Addresses and keys of what runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ports = free_port(), free_port()
        self.web, self.flower = (f"http://127.0.0.1:{port}" for port in ports)
        self.keys = {tenant: keys.issue(tenant, name=canary(tenant), scopes=keys.SCOPES)[1] for tenant in TENANTS}
        self.ports = ports

    def ask(self, tenant: str, path: str, body: object = None) -> str:
        """The API's answer to a tenant's key."""
        headers = {"Authorization": f"Bearer {self.keys[tenant]}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.web}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def is_up(self) -> bool:
        """Whether the web process answers."""
        try:
            with urllib.request.urlopen(f"{self.web}/livez", timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def logs(self) -> str:
        """What all processes said."""
        return "\n".join(log.read_text(errors="replace") for log in self.folder.glob("*.log"))


@pytest.fixture
def world(clean: None, tmp_path: Path) -> Iterator[World]:
    for tenant in TENANTS:
        make_tenant(tenant)
    made = World(tmp_path)
    web, flower = made.ports
    gunicorn = [sys.executable, "-m", "gunicorn", "settings.wsgi", "--bind", f"127.0.0.1:{web}", "--threads", "2"]
    with ExitStack() as stack:
        stack.enter_context(running(tmp_path / "web.log", *gunicorn))
        stack.enter_context(running(tmp_path / "maintain.log", sys.executable, "manage.py", "maintain"))
        stack.enter_context(running(tmp_path / "flower.log", *FLOWER, f"--port={flower}", **LOGIN))
        worker = Worker(
            tmp_path / "anna.log", concurrency=SLOTS, options=["-E"], DJANGO_SETTINGS_MODULE="settings.test"
        )
        stack.callback(worker.end)
        for condition in (made.is_up, worker.is_ready, lambda: flower_answers(made.flower)):
            wait_until(condition, f"something does not start: {made.logs()[-3000:]}")
        yield made


@pytest.fixture
def watch(world: World) -> Iterator[psycopg.Connection]:
    """Sees every tenant, and every connection."""
    with psycopg.connect(os.environ["WORKER_DATABASE_URL"], autocommit=True) as connection:
        yield connection


def send(world: World, tenant: str, turn: int) -> None:
    """One event of each lead; leads have the same keys in both tenants, ids hold the canary."""
    events = [
        {"id": f"{canary(tenant)}-{turn}-{lead}", "lead": str(lead), "type": "purchase", "data": {"amount": "1.50"}}
        for lead in range(LEADS)
    ]
    assert json.loads(world.ask(tenant, "/api/v1/events", events))["accepted"] == LEADS


def done(watch: psycopg.Connection) -> int:
    query = "SELECT count(*) FROM campaigns_activity WHERE kind = 'purchase' AND data->>'event_id' LIKE 'canary-%-%-%'"
    (count,) = watch.execute(query).fetchone() or (0,)
    return int(count)


def work(world: World, watch: psycopg.Connection, look: Callable[[], None] = lambda: None) -> None:
    """Events of both tenants in turns, until each was executed; looks again and again meanwhile."""

    def finished() -> bool:
        look()
        return done(watch) == TURNS * LEADS * len(TENANTS)

    for turn in range(TURNS):
        for tenant in TENANTS:
            send(world, tenant, turn)
            look()
    wait_until(finished, "events without effect")


def test_a_canary_of_one_tenant_is_nowhere_in_what_the_other_sees(world: World, watch: psycopg.Connection) -> None:
    work(world, watch)

    for tenant in TENANTS:
        own, strange = canary(tenant), canary(STRANGER[tenant])
        browser = logged_in({ACME: "ann", ZETA: "bob"}[tenant])
        seen = [world.ask(tenant, "/api/v1/leads/1"), world.ask(tenant, "/api/v1/leads/1/activities")]
        pages = [browser.get(f"/admin/campaigns/{name}/", follow=True) for name in ("lead", "campaign", "tag")]
        assert [page.status_code for page in pages] == [200, 200, 200]
        seen += [page.content.decode() for page in pages]
        assert [own in text for text in seen] == [True] * 5
        assert [strange in text for text in seen] == [False] * 5
        rows = rows_of(watch, tenant)
        assert any(own in text for text in rows)
        assert [text for text in rows if strange in text] == []

    flower = [flower_page(world.flower, path) for path in ("/broker", "/tasks", "/api/tasks", "/workers")]
    assert "acme" in flower[2]  # it knows whose events a bundle held, and nothing of what is in them
    for text in (world.logs(), *flower):
        assert "canary-" not in text


def rows_of(watch: psycopg.Connection, tenant: str) -> list[str]:
    """Every row of a tenant as text."""
    found = []
    for (table,) in watch.execute(TABLES).fetchall():
        query = sql.SQL("SELECT row_to_json(t)::text FROM {} AS t WHERE tenant_id = %s").format(sql.Identifier(table))
        found += [text for (text,) in watch.execute(query, [tenant]).fetchall()]
    return found


def test_connections_stay_within_the_slots_whatever_the_load(world: World, watch: psycopg.Connection) -> None:
    """One for each process of the pool and each thread of the web, and what maintenance has."""
    most: Counter[str] = Counter()

    def look() -> None:
        for name, count in Counter(name for (name,) in watch.execute(CONNECTIONS)).items():
            most[name] = max(most[name], count)

    work(world, watch, look)

    mine = 1  # this process is a web process too
    assert 1 <= most["fairlane-worker"] <= SLOTS
    assert 1 <= most["fairlane-web"] <= THREADS + mine + 1  # and `manage.py maintain`, which uses Django's for shares
    assert most["fairlane-maintenance"] == 1
    assert set(most) <= {"fairlane-worker", "fairlane-web", "fairlane-maintenance", "fairlane-journal"}
