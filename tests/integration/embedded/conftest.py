"""A data folder, and launchers in processes of their own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import embedded
from tests.integration.embedded.probes import PROJECT

#: A launcher in a process of its own: prints the servers' process ids, then waits to be killed.
LAUNCHER = """
import sys, time
from pathlib import Path
from engine.embedded import home, process, start
if "elsewhere" in sys.argv: home.namespaces_work = lambda: False
if "pipe" in sys.argv: process.HAS_DEATH_SIGNAL = False
servers = start(Path(sys.argv[1]), durable=False)
print(servers.postgres.pid, servers.valkey.pid, servers.folder.sockets, flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Data in a checkout with a space in its name, below a folder of mode 700."""
    with tempfile.TemporaryDirectory(prefix="fairlane test ") as hidden:
        path = Path(hidden) / "my project" / ".data"
        yield path
        embedded.remove(path)


@pytest.fixture
def launch() -> Iterator[Callable[..., tuple[subprocess.Popen[str], list[int], Path]]]:
    """Starts launchers and returns each with its servers' process ids and their socket folder."""
    launchers: list[subprocess.Popen[str]] = []

    def run(folder: Path, *words: str, **options: object) -> tuple[subprocess.Popen[str], list[int], Path]:
        program = [sys.executable, "-c", LAUNCHER, str(folder), *words]
        launcher = subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=PROJECT, **options)
        launchers.append(launcher)
        assert launcher.stdout is not None
        postgres, valkey, sockets = launcher.stdout.readline().split()
        return launcher, [int(postgres), int(valkey)], Path(sockets)

    yield run
    for launcher in launchers:
        launcher.kill()
        launcher.communicate()
