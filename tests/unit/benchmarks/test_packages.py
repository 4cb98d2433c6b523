"""What only the benchmark needs stays out of everybody else's environment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.benchmarks import suite

ROOT = Path(__file__).resolve().parents[3]


def pins(name: str) -> set[str]:
    """Names of packages with an exact version, as package indexes write them."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"([\w.-]+)(\[\w+\])?==[\w.]+", line) for line in lines]
    return {re.sub(r"[-_.]+", "-", match[1]).lower() for match in found if match}


def test_packages_of_the_benchmark_are_pinned_apart() -> None:
    asked, apart = pins("requirements-bench.txt"), pins("constraints-bench.txt")

    assert {"procrastinate", "dbos"} <= asked <= apart
    assert not apart & pins("constraints.txt")


def test_a_suite_without_its_packages_names_the_command_that_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite.importlib, "import_module", _import_missing)

    with pytest.raises(SystemExit, match="needs the package absent: `make bench SUITES=path`"):
        suite.load("path")


def _import_missing(name: str) -> None:
    raise ModuleNotFoundError(name="absent.part")
