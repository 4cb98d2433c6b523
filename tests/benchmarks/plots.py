"""Plots of cost against growth, from bench.json: python -m tests.benchmarks.plots (needs requirements-bench.txt)

The same figures make the same files, byte by byte. The background is white, so that they can be read everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from tests.benchmarks.capacity import HTTP
from tests.benchmarks.curves import BACKLOG, CAMPAIGNS, LEADS, SUITE, TENANTS, Curve
from tests.benchmarks.document import DRAWN
from tests.benchmarks.results import Place, Results, find, read

#: Across, up.
Points = list[tuple[float, float]]

#: Colours that people who see no red or no green can tell apart (Okabe and Ito).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000")

STYLE = {
    "svg.hashsalt": "fairlane",
    "svg.fonttype": "none",  # letters stay letters: small files
    "font.family": "sans-serif",
    "font.size": 10.0,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
}


@dataclass(frozen=True)
class Panel:
    """Figures of one unit, in one frame."""

    title: str  #: with the unit
    figures: Mapping[str, str]  #: figure -> what it is called


CPU = Panel(
    "core seconds by million actions",
    {"cpu": "all", "cpu_worker": "worker", "cpu_postgres": "PostgreSQL", "cpu_redis": "Redis", "cpu_sender": "sender"},
)
SCRIPTS = Panel(
    "microseconds of Redis by call",
    {"push_us": "push", "lease_us": "lease", "fetch_us": "fetch", "settle_us": "settle"},
)
RATE = Panel("actions a second", {"actions": "whole path"})
BYTES = Panel("bytes by event", {"wal_bytes": "write-ahead log", "database_bytes": "database"})
MEMORY = Panel("MB of a process", {"main_mb": "main process", "child_mb": "pool process"})

PLOTS: Mapping[str, tuple[Curve, Sequence[Panel]]] = {
    "tenants": (TENANTS, (RATE, CPU, SCRIPTS)),
    "leads": (LEADS, (RATE, CPU, BYTES)),
    "campaigns": (CAMPAIGNS, (RATE, CPU, MEMORY)),
    "backlog": (BACKLOG, (SCRIPTS,)),
}


#: Kinds of processes whose memory is looked at while events are played.
PROCESSES = Panel(
    "MB while events are played",
    {
        "child_mb": "pool process", "main_mb": "main process", "web_mb": "web process", "maintain_mb": "maintenance",
        "redis_mb": "Redis, what it uses",
    },
)  # fmt: skip


def draw(curve: Curve, panels: Sequence[Panel], results: Results) -> Figure:
    """A frame for each panel, side by side; sizes on a logarithmic axis, cost from 0."""
    figure = Figure(figsize=(4.2 * len(panels), 3.4), layout="constrained")
    frames = figure.subplots(1, len(panels), squeeze=False)[0]
    for frame, panel in zip(frames, panels, strict=True):
        _fill(frame, panel, curve.name, lambda name: of_curve(curve, name, results))
        if 0 in curve.sizes:
            least = min(filter(None, curve.sizes))
            frame.set_xscale("symlog", linthresh=least)
            frame.set_xlim(left=-0.1 * least)
        else:
            frame.set_xscale("log")
        frame.set_xticks(curve.sizes, [_short(size) for size in curve.sizes])
        frame.minorticks_off()
    return figure


def _short(size: int) -> str:
    """As it fits under an axis."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if size >= unit:
            return f"{size / unit:g}{letter}"
    return str(size)


def draw_memory(results: Results) -> Figure:
    """Of each kind of process, while the long case of the costs goes on."""
    figure = Figure(figsize=(6.3, 3.4), layout="constrained")
    _fill(figure.subplots(), PROCESSES, "million events", lambda name: of_looks(name, results))
    return figure


def _fill(frame: Any, panel: Panel, across: str, points_of: Callable[[str], Points]) -> None:
    for (name, called), colour in zip(panel.figures.items(), COLOURS, strict=False):
        points = points_of(name)
        if points:
            frame.plot(*zip(*points, strict=True), marker="o", markersize=4, color=colour, label=called)
    frame.set_ylim(bottom=0)
    frame.set_xlabel(across)
    frame.set_title(panel.title, fontsize=10)
    if len(panel.figures) > 1:
        frame.legend(fontsize=8, frameon=False)


def of_curve(curve: Curve, name: str, results: Results) -> Points:
    """Size and figure of each point that was measured."""
    return _known((size, find(results, Place(SUITE, case, name))) for size, case in curve.points())


def of_looks(name: str, results: Results) -> Points:
    """Millions of events played and MB at each look."""
    row = results.get("cost", {}).get("rows", {}).get(HTTP, {})
    return _known((row[f"events_at_{n}"] / 1e6, row.get(f"{name}_at_{n}")) for n in range(9) if f"events_at_{n}" in row)


def _known(points: Iterable[tuple[float, float | None]]) -> Points:
    return [(size, value) for size, value in points if value is not None]


def save(figure: Figure, name: str) -> Path:
    """Without a date and without numbers by chance."""
    DRAWN.mkdir(parents=True, exist_ok=True)
    path = DRAWN / f"{name}.svg"
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    return path


def main() -> None:
    """All plots of curves of which two points were measured."""
    results = read()
    mpl.rcParams.update(STYLE)
    for name, (curve, panels) in PLOTS.items():
        if len(of_curve(curve, next(iter(panels[0].figures)), results)) < 2:
            print(f"{name}: not measured; run python -m tests.benchmarks {SUITE}")
            continue
        print(save(draw(curve, panels, results), name))
    if of_looks("child_mb", results):
        print(save(draw_memory(results), "memory"))
    else:
        print("memory: not measured; run python -m tests.benchmarks cost")


if __name__ == "__main__":
    main()
