"""The table at the end, and the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from tests.chaos.rounds import Outcome


def line(outcome: Outcome) -> str:
    """One round, as it ends."""
    counts = outcome.verdict["counts"]
    wrong = ", ".join(f"{count} {fault}" for fault, count in counts.items() if count)
    words = wrong or ("ok" if not outcome.stuck else "")
    if outcome.stuck:
        words = f"{outcome.stuck} stuck {words}"
    faults = "" if outcome.faults == [outcome.kind] else f" ({'; '.join(outcome.faults)})"
    if outcome.in_spill:
        words = f"{outcome.in_spill} lanes stay in spill mode {words}"
    if outcome.error:
        words = f"{outcome.error} {words}"
    if outcome.spilled:
        words += f", {outcome.spilled} spilled"
    left = f"  left behind: {outcome.left}" if outcome.left else ""
    return f"{outcome.number:4} {outcome.kind}{faults}: {words}, recovered in {outcome.recovery:.1f} s{left}"


def table(outcomes: Sequence[Outcome]) -> Table:
    """A row for each kind."""
    shown = Table("kind", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("rounds", "events", "lost", "twice", "out of order", "buried", "stuck", "slowest recovery"):
        shown.add_column(name, justify="right")
    kinds = list(dict.fromkeys(outcome.kind for outcome in outcomes))
    for kind in kinds:
        shown.add_row(kind, *_figures([one for one in outcomes if one.kind == kind]))
    shown.add_section()
    shown.add_row("all", *_figures(outcomes), style="bold")
    return shown


def _figures(outcomes: Sequence[Outcome]) -> Iterable[str]:
    counts = [one.verdict["counts"] for one in outcomes]
    yield str(len(outcomes))
    yield f"{sum(one.verdict['accepted'] for one in outcomes):,}"
    yield str(sum(one["lost"] for one in counts))
    yield str(sum(one["twice"] for one in counts))
    yield str(sum(one["disorder"] + one["foreign"] for one in counts))
    yield str(sum(one["buried"] + one["unburied"] for one in counts))
    yield str(sum(one.stuck for one in outcomes))
    yield f"{max(one.recovery for one in outcomes):.1f} s"


def save(path: Path, seed: int, outcomes: Sequence[Outcome], more: dict[str, Any]) -> None:
    """Everything, so that a round can be played again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"seed": seed, **more, "rounds": [one.row() for one in outcomes]}, indent=1) + "\n")


def print_failures(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Examples of what was wrong, and how to see it again."""
    for one in outcomes:
        if not one.passed:
            console.print(f"round {one.number}, {one.kind}: {one.verdict['examples']}", style="red", markup=False)
