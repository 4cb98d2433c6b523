"""manage.py lanes and manage.py maintain, as an operator runs them."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command

from campaigns.ingest import accept
from campaigns.tenancy import operator_context
from engine import control
from engine.embedded import Servers
from engine.lanes import lanes
from tests.acceptance.harness import wait_until
from tests.integration.campaigns.shops import Shop, broker_down, open_shop

ROOT = Path(__file__).parents[3]


@pytest.fixture
def whale(clean: None) -> Shop:
    return open_shop("whale")


@pytest.fixture
def minnow(clean: None) -> Shop:
    return open_shop("minnow")


def push(shop: Shop, count: int) -> None:
    accept(shop.tenant, [{"lead": str(n), "type": "note"} for n in range(count)], "api", datetime.now(UTC))


def show(*options: str) -> str:
    printed = io.StringIO()
    call_command("lanes", *options, stdout=printed)
    return printed.getvalue()


def line_of(name: str, text: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if f" {name} " in line]
    return [part.strip() for part in line.split("│")[1:-1]]


def test_lanes_shows_who_waits_and_who_works(whale: Shop, minnow: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    push(whale, 30)
    push(minnow, 1)
    lanes().lease("bundle-x", "worker-1@here", "default")

    text = show()

    assert line_of("whale", text)[2] == "30"
    assert line_of("minnow", text)[2] == "1"
    assert "worker-1@here" in text
    assert "1 bundles in work" in text


def test_lanes_shows_what_was_spilled(whale: Shop, minnow: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    before = json.loads(show("--json"))
    push(minnow, 4)
    with broker_down(monkeypatch):
        push(whale, 30)
        push(minnow, 6)

    text, found = show(), json.loads(show("--json"))

    assert (found["direct"], found["spilled"] - before["spilled"]) == (4, 36)
    assert line_of("went direct", text)[1] == f"{found['share_direct']:.1%}"
    spilled = text.partition("Spilled")[2]
    assert line_of("whale", spilled)[1] == "30"
    assert line_of("minnow", spilled)[1] == "6"
    assert spilled.index("whale") < spilled.index("minnow")


def test_lanes_of_one_tenant_shows_each_lane(whale: Shop, minnow: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    push(whale, 3)

    text = show("--tenant", "whale")

    assert text.count("whale.") == control.DEFAULT_LANES
    assert "minnow" not in text
    with pytest.raises(CommandError, match="no tenant 'nobody'"):
        show("--tenant", "nobody")


def test_shares_come_back_after_the_broker_lost_its_memory(whale: Shop, minnow: Shop) -> None:
    with operator_context():
        control.configure("whale", weight=2.5, cap=3)
    lanes().client.flushdb()

    call_command("maintain", "--once", stdout=io.StringIO())
    push(whale, 1)
    push(minnow, 1)

    shares = {row["tenant"]: (row["weight"], row["cap"]) for row in lanes().look()["tenants"]}
    assert shares == {"whale": (2.5, 3), "minnow": (1, 0)}


@pytest.fixture
def maintain(clean: None) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "maintain"], cwd=ROOT, env=os.environ, stderr=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.wait()
    assert process.stderr is not None
    process.stderr.close()


def is_maintaining() -> bool:
    with psycopg.connect(os.environ["WORKER_DATABASE_URL"], autocommit=True) as worker:
        names = worker.execute("SELECT application_name FROM pg_stat_activity").fetchall()
    return ("fairlane-maintenance",) in names


def test_maintain_survives_outages_and_ends_at_once(maintain: subprocess.Popen[str], servers: Servers) -> None:
    wait_until(is_maintaining, "maintain does not start")
    servers.valkey.kill()
    servers.postgres.kill()
    time.sleep(4)  # the length of the outage
    assert maintain.poll() is None
    servers.postgres.start()
    servers.valkey.start()
    wait_until(is_maintaining, "maintain does not come back")

    maintain.send_signal(signal.SIGTERM)
    began = time.monotonic()

    assert maintain.wait(5) == 0
    assert time.monotonic() - began < 1.5
