"""The whole product on the log of a real shop: each customer ends up as a plain computation says, whatever is killed.

Promises 1 to 3: effects in the order of acceptance per lead, each exactly once, nothing accepted is lost.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command

from campaigns import keys
from engine.embedded.valkey import free_port
from engine.lanes import lanes
from tests.acceptance import shop
from tests.acceptance.harness import Worker, wait_until
from tests.benchmarks.web import answers

pytestmark = shop.needs_file

#: Over all shops, computed once by hand; shop.expected() must come to the same.
FIGURES = {"leads": 23570, "purchases": 69659, "cds": 167881, "amount": Decimal("2500315.63")}
COLUMNS = "lead=customer_id,occurred_at=date,data.cds=cds,data.amount=amount"
PATIENCE_SECONDS = 400

Start = Callable[..., Worker]


@pytest.fixture
def watch(worker_connection: psycopg.Connection) -> psycopg.Connection:
    """Reads as the worker role, which sees every shop."""
    worker_connection.autocommit = True
    return worker_connection


def start_nodes(start: Start, *names: str) -> list[Worker]:
    options = {"DJANGO_SETTINGS_MODULE": "settings.test", "FAIRLANE_LEASE_SECONDS": "3", "LOG_LEVEL": "WARNING"}
    return [start(name, **options) for name in names]


def replay(folder: Path, name: str) -> None:
    """Send the file as each shop's events."""
    for tenant, numbers in shop.TENANTS.items():
        rest = f"customer_id:100:{numbers.start}-{numbers.stop - 1}"
        state, refused = folder / f"{name}-{tenant}.state", folder / f"{name}-{tenant}.refused"
        options = {"tenant": tenant, "type": "purchase", "map": COLUMNS, "modulo": rest}
        options |= {"state": str(state), "refused": str(refused)}
        arguments = [word for key, value in options.items() for word in (f"--{key}", value)]
        call_command("replay", str(shop.FILE), "--strict", *arguments)


def wait_until_done(watch: psycopg.Connection) -> None:
    def all_done() -> bool:
        done = watch.execute(shop.QUERIES["count_done"]).fetchone()
        return done == (FIGURES["purchases"],) and lanes().look(0)["total"] == 0

    wait_until(all_done, "purchases without effect", seconds=PATIENCE_SECONDS)


def check(watch: psycopg.Connection) -> None:
    customers = shop.stored(watch)
    assert shop.figures(customers) == FIGURES
    expected = shop.expected()
    wrong = [place for place in expected if customers.get(place) != expected[place]]
    assert not wrong, f"{len(wrong)} leads are not as computed: {wrong[0]} is {customers.get(wrong[0])}"
    assert watch.execute(shop.QUERIES["count_dead_letters"]).fetchone() == (0,)


def test_a_replay_gives_what_a_plain_computation_gives_and_a_second_one_changes_nothing(
    start: Start, watch: psycopg.Connection, tmp_path: Path
) -> None:
    shop.open_shops()
    start_nodes(start, "anna", "bert")

    replay(tmp_path, "first")
    wait_until_done(watch)
    check(watch)
    activities = watch.execute(shop.QUERIES["count_activities"]).fetchone()

    replay(tmp_path, "second")
    wait_until_done(watch)
    check(watch)
    assert watch.execute(shop.QUERIES["count_activities"]).fetchone() == activities


def test_events_sent_by_http_give_the_same(start: Start, watch: psycopg.Connection) -> None:
    shop.open_shops()
    start_nodes(start, "anna", "bert")

    with web_server() as port:
        for tenant in shop.TENANTS:
            _, text = keys.issue(tenant, name="shop")
            post(port, text, tenant)

    wait_until_done(watch)
    check(watch)


def test_killing_workers_at_random_changes_nothing(start: Start, watch: psycopg.Connection, tmp_path: Path) -> None:
    shop.open_shops()
    killer = Killer(start, seed=random.randrange(10**6))

    with killer:
        replay(tmp_path, "killed")

        def nearly_done() -> bool:
            (done,) = watch.execute(shop.QUERIES["count_done"]).fetchone() or (0,)
            return done > FIGURES["purchases"] * 0.8

        wait_until(nearly_done, f"no progress with seed {killer.seed}", seconds=PATIENCE_SECONDS)
    wait_until_done(watch)

    assert killer.kills >= 3
    check(watch)


class Killer(threading.Thread):
    """Two nodes; every second or two one of them, or one of its pool processes, is killed with -9 and started again."""

    def __init__(self, start: Start, *, seed: int) -> None:
        super().__init__(daemon=True)
        self.begin, self.seed, self.kills = start, seed, 0
        self.chance = random.Random(seed)
        self.nodes = start_nodes(start, "anna", "bert")
        self.ended = threading.Event()
        self.error: BaseException | None = None

    def __enter__(self) -> Killer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.join()
        if self.error is not None:
            raise self.error

    def run(self) -> None:
        try:
            while not self.ended.wait(self.chance.uniform(1, 2)):
                self.kill_one()
        except BaseException as error:
            self.error = error

    def kill_one(self) -> None:
        place = self.chance.randrange(2)
        if self.chance.random() < 0.5:
            self.nodes[place].kill_children()
        else:
            self.nodes[place].kill()
            self.nodes[place] = start_nodes(self.begin, f"node{self.kills}")[0]
        self.kills += 1


@contextmanager
def web_server() -> Iterator[int]:
    """gunicorn with the product's own application."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "settings.wsgi", "--bind", f"127.0.0.1:{port}", "--log-level=warning"]
    process = subprocess.Popen(command, env=os.environ | {"DJANGO_SETTINGS_MODULE": "settings.test"})
    try:
        wait_until(lambda: answers(port), "the web server does not answer")
        yield port
    finally:
        process.terminate()
        process.wait(30)


def post(port: int, key: str, tenant: str) -> None:
    """A shop's purchases, a thousand lines at a time."""
    lines = (
        line(number, row) for number, row in enumerate(shop.rows()) if shop.tenant_of(row["customer_id"]) == tenant
    )
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        while body := "".join(islice(lines, 1000)):
            connection.request("POST", "/api/v1/events", body, headers)
            answer = connection.getresponse()
            told = json.loads(answer.read())
            assert (answer.status, told["refused"]) == (202, 0), told


def line(number: int, row: dict[str, str]) -> str:
    event = {
        "id": f"row {number}",
        "lead": row["customer_id"],
        "type": "purchase",
        "occurred_at": f"{row['date']}T00:00:00Z",
        "data": {"cds": int(row["cds"]), "amount": row["amount"]},
    }
    return json.dumps(event) + "\n"
