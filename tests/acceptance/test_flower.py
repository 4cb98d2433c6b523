"""Promise: Flower shows workers, one task per bundle with readable arguments, and each tenant's depth."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from campaigns.operations import create_tenant
from engine import enqueue
from engine.embedded.valkey import free_port
from engine.types import Event

CELERY = [sys.executable, "-m", "celery", "-A", "engine"]
FLOWER = [*CELERY, "flower", "--conf=engine/flowerconfig.py"]
LOGIN = {"FLOWER_USER": "olga", "FLOWER_PASSWORD": "not:a@secret"}


@pytest.fixture
def flower() -> Iterator[str]:
    """Flower on a free port: its address."""
    port = free_port()
    process = subprocess.Popen([*FLOWER, f"--port={port}"], env=os.environ | LOGIN)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(address))
        yield address
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def start_worker() -> Iterator[Callable[[], None]]:
    """Starts a worker node with one process."""
    started: list[subprocess.Popen[bytes]] = []
    command = [*CELERY, "worker", "-E", "-c", "1", "-n", "anna@test", "--without-mingle", "--without-gossip"]
    yield lambda: started.append(subprocess.Popen(command, start_new_session=True))
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_shows_tenants_then_the_worker_and_its_bundle(flower: str, start_worker: Callable[[], None]) -> None:
    enqueue.push([*events("minnow", 2), *events("whale", 30)])

    rows = {row["name"]: row for row in queues(flower)}
    assert list(rows)[-2:] == ["t.whale", "t.minnow"]
    assert rows["t.whale"] == {"name": "t.whale", "messages": 30, "messages_ready": 30, "consumers": 0}
    assert "t.whale" in page(flower, "/broker")

    start_worker()

    wait_until(lambda: "anna@test" in get(flower, "/api/workers?refresh=1"))
    bundle = wait_until(lambda: succeeded(flower))
    assert bundle["name"] == "engine.run_bundle"
    assert re.fullmatch(r"tenants=(minnow,)?whale lanes=\d+ events=\d+", bundle["args"])
    assert re.search(r"\d+ events of \d+ lanes in \d+ ms", bundle["result"])
    wait_until(lambda: not any(row["name"].startswith("t.") for row in queues(flower)))


def test_tells_nothing_without_the_password(flower: str) -> None:
    for path in ("/workers", "/tasks", "/broker", "/api/workers", "/api/queues/length"):
        assert status_without_password(flower + path) == 401


def test_does_not_start_without_a_password() -> None:
    result = subprocess.run([*FLOWER, "--port=0"], capture_output=True, text=True, timeout=30)

    assert result.returncode == 1
    assert "set FLOWER_USER" in result.stderr


def events(tenant: str, count: int) -> list[Event]:
    """Events of a new tenant that no campaign hears."""
    create_tenant(tenant, name=tenant)
    now = datetime.now(UTC)
    return [
        Event(
            id=f"{tenant}-{number}",
            tenant=tenant,
            lead=f"lead-{number}",
            type="visit",
            accepted_at=now,
            occurred_at=now,
        )
        for number in range(count)
    ]


def queues(address: str) -> list[dict[str, Any]]:
    """The rows of the broker page."""
    return get(address, "/api/queues/length")["active_queues"]


def succeeded(address: str) -> dict[str, Any] | None:
    """The task of a bundle that has ended well, when Flower knows of one."""
    tasks = get(address, "/api/tasks?state=SUCCESS").values()
    return next((task for task in tasks if "whale" in (task["args"] or "")), None)


def get(address: str, path: str) -> Any:
    """JSON from Flower."""
    return json.loads(page(address, path))


def page(address: str, path: str) -> str:
    """What Flower answers to somebody with the password."""
    login = base64.b64encode(":".join(LOGIN.values()).encode()).decode()
    request = urllib.request.Request(address + path, headers={"Authorization": f"Basic {login}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def status_without_password(url: str) -> int:
    """What a stranger gets."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def answers(address: str) -> bool:
    """Whether Flower is up."""
    try:
        return page(address, "/healthcheck") == "OK"
    except OSError:
        return False


def wait_until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """The first true answer. Raises TimeoutError when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.1)
    return answer
