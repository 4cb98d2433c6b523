"""Suites of cases, measured in turns: what else the machine does meets all cases of a suite alike."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks import suites

#: What one run of a case came to, by name. A name says its unit.
Figures = dict[str, float]


@dataclass(frozen=True)
class Case:
    """One row of a table."""

    name: str
    run: Callable[[int], Figures]  #: from a seed, on a world that it makes itself
    once: bool = False  #: takes too long for several rounds


@dataclass(frozen=True)
class Column:
    """One figure of a table."""

    figure: str
    heading: str
    form: str = ",.0f"


@dataclass(frozen=True)
class Suite:
    """Cases that belong into one table."""

    title: str
    cases: Sequence[Case]
    columns: Sequence[Column]  #: ratios first
    compare: Callable[[Mapping[str, Figures]], None] = lambda rows: None  #: adds the ratios


def names() -> list[str]:
    """The suites there are."""
    return sorted(module.name for module in pkgutil.iter_modules(suites.__path__))


def load(name: str) -> Suite:
    """The suite of a file in suites/. Needs the servers' addresses in the environment.

    Ends the program with a word about `make bench` where a package is missing that only it installs.
    """
    try:
        return importlib.import_module(f"tests.benchmarks.suites.{name}").suite()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if importlib.util.find_spec(package):  # it is there, and lacks a module: a fault of ours
            raise
        hint = f"`make bench SUITES={name}` installs it and runs the suite"
        raise SystemExit(f"The suite {name} needs the package {package}: {hint}.") from error


def measure(suite: Suite, rounds: int, tell: Callable[[str], None]) -> dict[str, Figures]:
    """Each case `rounds` times, in turns; the median of each figure, and the number of rounds."""
    samples: dict[str, list[Figures]] = {case.name: [] for case in suite.cases}
    for number in range(rounds):
        for case in suite.cases:
            if number == 0 or not case.once:
                figures = case.run(number)
                samples[case.name].append(figures)
                tell(f"round {number + 1} of {rounds}, {case.name}: {_in_words(suite, figures)}")
    rows = {name: _median(runs) for name, runs in samples.items()}
    suite.compare(rows)
    return rows


def _in_words(suite: Suite, figures: Figures) -> str:
    known = [column for column in suite.columns if column.figure in figures]
    return ", ".join(f"{column.heading} {figures[column.figure]:{column.form}}" for column in known)


def _median(runs: Sequence[Figures]) -> Figures:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]} | {"rounds": len(runs)}
