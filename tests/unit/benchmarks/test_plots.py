"""The same figures make the same plot, byte by byte."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="requirements-bench.txt has it")

from tests.benchmarks import plots
from tests.benchmarks.curves import BACKLOG, SUITE


def test_the_same_figures_make_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "DRAWN", tmp_path)
    rows = {case: {"push_us": 20.0 + size / 1e5, "lease_us": 40.0} for size, case in BACKLOG.points()}
    measured = {SUITE: {"rows": rows}}

    first, second = (plots.save(plots.draw(*plots.PLOTS["backlog"], measured), "backlog").read_bytes() for _ in "ab")

    assert first == second
    assert b"<dc:date>" not in first
    assert len(first) < 60_000
