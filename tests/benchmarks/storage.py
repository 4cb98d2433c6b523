"""Bytes that PostgreSQL keeps and logs, by what they are for."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from engine.embedded import binaries
from engine.sql import load
from tests.benchmarks import world
from tests.benchmarks.suite import Figures

SQL = load("tests.benchmarks", "storage.sql")

#: The last line of pg_waldump --stats: number, size of records, of page images, of both.
_TOTAL = re.compile(r"^Total\s+\d+\s+(\d+)\s+\[[^]]*\]\s+(\d+)\s+\[[^]]*\]\s+(\d+)", re.MULTILINE)


def sizes() -> Figures:
    """Bytes of the tables of each kind, with their indexes."""
    with world.worker_connection() as connection:
        return {kind: float(size) for kind, size in connection.execute(SQL["measure_tables"])}


def position() -> str:
    """Where the write-ahead log ends."""
    with world.worker_connection() as connection:
        row = connection.execute(SQL["select_position"]).fetchone()
    assert row is not None
    return str(row[0])


def logged(start: str, end: str) -> Figures:
    """Bytes of the log between two positions: of the tables of each kind and their indexes, and of everything."""
    with world.worker_connection() as connection:
        relations = connection.execute(SQL["select_relations"]).fetchall()
    found: Figures = defaultdict(float)
    for kind, place in relations:
        found[kind] += _waldump(start, end, ["--relation", place])
    return {**found, "all": _waldump(start, end, [])}


def _waldump(start: str, end: str, options: Sequence[str]) -> float:
    """What the server's own tool counts. It reads the files while the server goes on."""
    program = [str(binaries.postgres() / "bin" / "pg_waldump"), "--stats"]
    log = Path(f"/proc/{world.PIDS['postgres']}/cwd").resolve() / "pg_wal"  # a server's folder is where its data are
    program += [f"--path={log}", f"--start={start}", f"--end={end}", *options]
    said = subprocess.run(program, check=True, capture_output=True, text=True).stdout
    total = _TOTAL.search(said)
    return float(total[3]) if total else 0.0
