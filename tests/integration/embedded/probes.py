"""What the tests of the launcher look at."""

from __future__ import annotations

import os
import pwd
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from engine import embedded

PROJECT = Path(__file__).resolve().parents[3]


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step aside from itself")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def use(servers: embedded.Servers) -> None:
    """Both servers do what they are for."""
    with psycopg.connect(servers.postgres_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (x int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    with redis.Redis.from_url(servers.redis_url) as valkey:
        valkey.incr("kept")


def kept(servers: embedded.Servers) -> tuple[int, int]:
    """What use() left: rows in PostgreSQL, the counter in Valkey."""
    with psycopg.connect(servers.postgres_url) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    with redis.Redis.from_url(servers.redis_url) as valkey:
        return (row[0] if row else 0), int(valkey.get("kept") or 0)


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Fails when the condition is not true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)


def processes_below(folder: Path) -> list[str]:
    """Command lines of all processes that work in a folder or were started for it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = os.readlink(process / "cwd")
        except OSError:
            continue
        if str(folder) in line or place.startswith(str(folder)):
            found.append(line)
    return found


def modes(folder: Path) -> dict[str, tuple[int, int]]:
    """Mode and owner of a folder and all above it."""
    return {str(path): (path.stat().st_mode, path.stat().st_uid) for path in (folder, *folder.parents)}


def users() -> int:
    return len(pwd.getpwall())
