"""What is to be reached, beside what was measured: python -m tests.benchmarks.targets [--markdown]

Reads bench.json. A figure that is not there is named, not left out. Exit code 1 unless all were measured and reached.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from tests.benchmarks.curves import verdicts
from tests.benchmarks.grid import grid
from tests.benchmarks.results import Place, Results, find, read

TWELVE = "whole path, 12 unequal tenants"
HALF = "50% of capacity"


@dataclass(frozen=True)
class Target:
    """A bound of a figure, from below or from above."""

    words: str
    place: Place
    least: float | None = None
    most: float | None = None
    form: str = ",.2f"

    @property
    def bound(self) -> str:
        """In words."""
        if self.least is not None:
            return f"≥ {self.least:{self.form}}"
        return f"≤ {self.most:{self.form}}"

    def reached(self, value: float) -> bool:
        """Whether a value keeps the bound."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


TARGETS = (
    Target("whole path, 12 unequal tenants, of the limit with two connections", Place("path", TWELVE, "of_limit"), 0.5),
    Target("the same, in multiples of stock Celery", Place("path", TWELVE, "times_stock"), 60, form=",.0f"),
    Target(
        "whole path, 100,000 tenants with few events each, of the 12 tenants' rate",
        Place("matrix", "100,000 tenants, 5 events each", "events_of_base"), 0.5,
    ),
    Target(
        "HTTP bulk accept, events a second and core",
        Place("accept", "HTTP, 1,000 events a request", "per_core"), 20_000, form=",.0f",
    ),
    Target("CPU per action, of stock Celery's", Place("path", TWELVE, "cpu_of_stock"), most=0.05, form=".1%"),
    Target(
        "memory of the worker node, of as many stock processes as the same load takes",
        Place("cost", "65,000 events a minute", "memory_of_stock"), most=0.67,
    ),
    Target("idle lead's wait at half load, p50, ms", Place("latency", HALF, "idle_p50_ms"), most=50, form=",.0f"),
    Target("idle lead's wait at half load, p99, ms", Place("latency", HALF, "idle_p99_ms"), most=250, form=",.0f"),
    Target(
        "queue writes a minute, steady 65,000 events a minute",
        Place("cost", "65,000 events a minute", "queue_rows_minute"), most=300, form=",.0f",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A target and what came of it."""

    target: Target
    measured: float | None

    @property
    def reached(self) -> bool:
        """What was not measured is not reached."""
        return self.measured is not None and self.target.reached(self.measured)

    def cells(self) -> list[str]:
        """Figure, target, measured, reached."""
        if self.measured is None:
            return [self.target.words, self.target.bound, f"missing: {self.target.place}", "not measured"]
        said = "yes" if self.reached else "**no**"
        return [self.target.words, self.target.bound, format(self.measured, self.target.form), said]


def rows(results: Results) -> list[Row]:
    """All targets, in order."""
    return [Row(target, find(results, target.place)) for target in TARGETS]


def markdown(results: Results) -> str:
    """The table for a document."""
    return grid(["figure", "target", "measured", "reached"], [row.cells() for row in rows(results)])


def by_design(results: Results) -> str:
    """How each figure grew to the last point of its curve: what is to be flat, and what may grow."""
    lines = []
    for verdict in verdicts(results):
        bound = "may grow" if verdict.at_most is None else f"≤ {verdict.at_most:.2f}"
        said = {None: "", True: "yes", False: "**no**"}[verdict.held]
        ratio = "not measured" if verdict.ratio is None else f"{verdict.ratio:.2f}"
        grown = f"{verdict.curve.name}, {verdict.since:,} to {verdict.curve.sizes[-1]:,}"
        lines.append([grown, f"`{verdict.figure}`", ratio, bound, said])
    return grid(["what grows", "figure", "ratio", "by design", "held"], lines)


def main() -> None:
    """Print the table; for people without its dashes."""
    results = read()
    if "--markdown" in sys.argv[1:]:
        print(markdown(results))
    else:
        for row in rows(results):
            print("; ".join(row.cells()).replace("**", ""))
    sys.exit(not all(row.reached for row in rows(results)))


if __name__ == "__main__":
    main()
