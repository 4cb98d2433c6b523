"""What cost is measured against, point by point, and which of it does not grow, by design."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.benchmarks.results import Place, Results, find

SUITE = "growth"

#: Events of a point, some ten seconds of work; a smaller number and a bound of the sizes are for trying out.
EVENTS = int(os.environ.get("GROWTH_EVENTS", "40000"))
MOST = int(os.environ.get("GROWTH_MOST", "3000000"))

#: Calls of each script of which the median is taken.
CALLS = 300


@dataclass(frozen=True)
class Curve:
    """Something that grows, and what is looked at meanwhile."""

    name: str
    sizes: tuple[int, ...]
    watched: tuple[str, ...]  #: figures whose growth is told
    flat: Mapping[str, float] = field(default_factory=dict)  #: of them: the last point's share of the first, at most
    flat_from: int | None = None  #: the point from which it is to be flat; None: the first
    once_from: int = 10**9  #: points of this size and above take long to set up: they are measured once

    def case(self, size: int) -> str:
        """The name of a point."""
        return f"{size:,} {self.name}"

    def points(self) -> list[tuple[int, str]]:
        """Size and name of each point."""
        return [(size, self.case(size)) for size in self.sizes]


SCRIPTS = ("push_us", "lease_us", "settle_us")

#: Time of Redis per call is measured beside other work on the same cores: half as much again is still the same.
SAME = 1.5

TENANTS = Curve(
    "tenants", (1, 10, 100, 1_000, 10_000, 100_000), ("cpu", *SCRIPTS), dict.fromkeys(SCRIPTS, SAME), flat_from=100,
    once_from=100_000,
)  # fmt: skip
LEADS = Curve("leads", (10_000, 100_000, 1_000_000, 3_000_000), ("cpu", "wal_bytes"), once_from=1_000_000)
CAMPAIGNS = Curve("campaigns a tenant", (1, 10, 100, 500), ("cpu",), {"cpu": 1.25})
BACKLOG = Curve(
    "waiting events", (0, 10_000, 100_000, 1_000_000), SCRIPTS, dict.fromkeys(SCRIPTS, SAME), once_from=1_000_000
)

CURVES = (TENANTS, LEADS, CAMPAIGNS, BACKLOG)


@dataclass(frozen=True)
class Verdict:
    """How a figure grew from a curve's first point, or the one from which it is to be flat, to its last."""

    curve: Curve
    figure: str
    since: int  #: the size of that point
    ratio: float | None  #: last to it; None: one of them was not measured
    at_most: float | None  #: by design; None: it may grow

    @property
    def held(self) -> bool | None:
        """Whether it is as flat as it is to be; None where nothing is promised or measured."""
        return None if self.ratio is None or self.at_most is None else self.ratio <= self.at_most


def compare(rows: Mapping[str, dict[str, float]]) -> None:
    """Add to each point what is watched of it, as a share of the first point of its curve."""
    for curve in CURVES:
        known = [rows[case] for _, case in curve.points() if case in rows]
        for row in known:
            for figure in curve.watched:
                row[f"{figure}_growth"] = row[figure] / known[0][figure]


def verdicts(results: Results) -> Iterator[Verdict]:
    """Of each figure that is watched."""
    for curve in CURVES:
        for figure in curve.watched:
            at_most = curve.flat.get(figure)
            since = curve.sizes[0] if at_most is None else curve.flat_from or curve.sizes[0]
            ends = [find(results, Place(SUITE, curve.case(size), figure)) for size in (since, curve.sizes[-1])]
            ratio = ends[1] / ends[0] if ends[0] and ends[1] is not None else None
            yield Verdict(curve, figure, since, ratio, at_most)
