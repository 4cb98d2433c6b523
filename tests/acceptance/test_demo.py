"""Promise: `manage.py demo` starts everything, shows it at work, checks the result, and leaves nothing running."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import embedded

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

DEMO = [sys.executable, "manage.py", "demo"]
#: A small one, far below what a busy machine can do.
SMALL = {"DEMO_EXIT": "1", "DEMO_SECONDS": "5", "DEMO_LEADS": "1000", "DEMO_RATE": "150", "DEMO_BURST": "300"}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder for servers of the demo's own."""
    yield tmp_path / "data"
    embedded.remove(tmp_path / "data")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Without the addresses of the test's servers: the demo has to need none."""
    settings = ("DATABASE_URL", "WORKER_DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL", "SECRET_KEY")
    kept = {key: value for key, value in os.environ.items() if key not in settings}
    return kept | SMALL | {"DEMO_DATA": str(folder)} | more


def test_a_run_passes_its_check_and_a_second_one_uses_the_same_tenants(folder: Path) -> None:
    first = run(folder)
    second = run(folder, DEMO_SECONDS="2")

    assert "12 tenants with 1,0" in first
    assert "12 tenants" not in second
    for output in (first, second):
        counted = figures(output)
        assert counted["accepted"] == counted["executed"] == counted["in the table"] > 350
        assert counted["burst"] == 300
        assert counted["http"] > 0
        assert "The check passed" in output
        assert output.count("✓") == 6
        assert "bytes that are no event" in output
        assert "Authorization: Bearer fl_live_" in output
    assert leftovers(folder) == []


def test_killed_it_takes_its_processes_along(folder: Path) -> None:
    process = subprocess.Popen(DEMO, env=environment(folder, DEMO_SECONDS="60"), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while "events flow" not in process.stdout.readline():
        assert process.poll() is None
    assert len(leftovers(folder)) >= 5

    process.kill()

    process.wait()
    process.stdout.close()
    wait_until(lambda: leftovers(folder) == [])


def test_says_which_process_died_and_what_it_said_last(folder: Path) -> None:
    process = subprocess.Popen(
        DEMO, env=environment(folder, DEMO_SECONDS="60"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    while "events flow" not in process.stdout.readline():
        assert process.poll() is None

    os.kill(pid_of(folder, "two@demo"), signal.SIGKILL)

    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "worker-two was killed by signal 9" in errors
    assert "two@demo ready." in errors
    wait_until(lambda: leftovers(folder) == [])


def run(folder: Path, **more: str) -> str:
    """One run to its end: what it printed."""
    result = subprocess.run(DEMO, env=environment(folder, **more), capture_output=True, text=True, timeout=180)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def figures(output: str) -> dict[str, int]:
    """The numbers of the report."""
    patterns = {
        "accepted": r"Accepted +([\d,]+) events",
        "executed": r"Executed +([\d,]+) in",
        "in the table": r"total +[\d,]+ +([\d,]+) ",
        "burst": r"([\d,]+) burst",
        "http": r"([\d,]+) http",
    }
    found = {name: re.search(pattern, output) for name, pattern in patterns.items()}
    return {name: int(match[1].replace(",", "")) if match else 0 for name, match in found.items()}


def leftovers(folder: Path) -> list[int]:
    """Processes of a demo with this data folder: it is in the environment of each, servers' data in their arguments."""
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if belongs(pid, folder)]


def belongs(pid: int, folder: Path) -> bool:
    """Whether the process is the demo's or a child's."""
    try:
        known = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
        return pid != os.getpid() and os.fsencode(folder) in known
    except OSError:
        return False


def pid_of(folder: Path, argument: str) -> int:
    """The process of this demo with this in its command line, the oldest."""
    return next(
        pid for pid in sorted(leftovers(folder)) if argument in Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    )


def wait_until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    """Raises TimeoutError when it does not become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.1)
