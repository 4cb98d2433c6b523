"""Worker nodes for the engine's promises."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import control
from tests import handler
from tests.acceptance.harness import Effects, Worker, wait_until


@pytest.fixture
def effects(clean: None, tmp_path: Path) -> Iterator[Effects]:
    """The effects of tests/handler.py."""

    def logs() -> str:
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-4000:]}" for log in tmp_path.glob("*.log"))

    with handler.table(os.environ["OWNER_DATABASE_URL"]):
        seen = Effects(os.environ["WORKER_DATABASE_URL"], logs)
        yield seen
        seen.watch.close()


@pytest.fixture
def maintain(effects: Effects, tmp_path: Path) -> Iterator[None]:
    """`manage.py maintain` beside the nodes."""
    with (tmp_path / "maintain.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "maintain"],
            stdout=log,
            stderr=log,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.acceptance.settings"},
        )
    yield
    process.kill()
    process.wait()


@pytest.fixture
def start(effects: Effects, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Starts nodes and waits until they consume."""
    workers: list[Worker] = []
    control._lane_counts.clear()

    def begin(name: str = "anna", **options: object) -> Worker:
        worker = Worker(tmp_path / f"{name}.log", **options)  # type: ignore[arg-type]
        workers.append(worker)
        wait_until(worker.is_ready, f"{name} does not start")
        return worker

    yield begin
    for worker in workers:
        worker.end()
