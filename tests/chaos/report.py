"""The table at the end, and the file; `python -m tests.chaos.report FILES` sums up several."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from tests.chaos.fault import discover
from tests.chaos.rounds import COMBINED, Outcome


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
    left += f"  repaired: {outcome.broken}" if outcome.broken else ""
    return f"{outcome.number:4} {outcome.kind}{faults}: {words}, recovered in {outcome.recovery:.1f} s{left}"


HEADS = ("rounds", "events", "lost", "twice", "out of order", "buried", "stuck", "slowest recovery")


def rows(outcomes: Sequence[Outcome]) -> Iterable[tuple[str, ...]]:
    """A row for each kind, one for all."""
    for kind in sorted({one.kind for one in outcomes}, key=lambda kind: (kind == COMBINED, kind)):
        yield kind, *_figures([one for one in outcomes if one.kind == kind])
    yield "all", *_figures(outcomes)


def table(outcomes: Sequence[Outcome]) -> Table:
    """For a terminal."""
    shown = Table("kind", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in HEADS:
        shown.add_column(name, justify="right")
    *kinds, all_of_them = rows(outcomes)
    for row in kinds:
        shown.add_row(*row)
    shown.add_section()
    shown.add_row(*all_of_them, style="bold")
    return shown


def markdown(outcomes: Sequence[Outcome]) -> str:
    """For docs/reliability.md: the rounds of each seed, the sums, the kinds."""
    seeds = {seed: [one for one in outcomes if one.seed.partition("/")[0] == seed] for seed in _seeds(outcomes)}
    *kinds, all_of_them = rows(outcomes)
    return "\n".join([
        _row("seed", *seeds), _row(*["---"] * (len(seeds) + 1)),
        _row("rounds", *[str(len(of)) for of in seeds.values()]),
        _row("not passed", *[str(sum(not one.passed for one in of)) for of in seeds.values()]),
        "", f"Sums: {json.dumps(sums(outcomes))}", "",
        _row("kind", *HEADS), _row("---", *["---"] * len(HEADS)), *[_row(*row) for row in kinds],
        _row(*[f"**{cell}**" for cell in all_of_them]),
    ])  # fmt: skip


def sums(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """What happened besides."""
    names = ("restarts", "repeated", "refused", "cut", "spilled", "in_spill")
    of = {name: sum(getattr(one, name) for one in outcomes) for name in names}
    of |= {"rounds with the journal": sum(one.journal for one in outcomes)}
    small = sum(bool(one.lane_limit) for one in outcomes)
    return of | {"rounds with small lanes": small, "dead letters": sum(one.verdict["dead"] for one in outcomes)}


def _seeds(outcomes: Sequence[Outcome]) -> list[str]:
    return sorted({one.seed.partition("/")[0] for one in outcomes}, key=int)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _figures(outcomes: Sequence[Outcome]) -> Iterable[str]:
    counts = [one.verdict["counts"] for one in outcomes]
    yield str(len(outcomes))
    yield f"{sum(one.verdict['accepted'] for one in outcomes):,}"
    yield str(sum(one["lost"] for one in counts))
    yield str(sum(one["twice"] for one in counts))
    yield str(sum(one["disorder"] + one["foreign"] for one in counts))
    yield str(sum(one["buried"] + one["unburied"] for one in counts))
    yield str(sum(one.stuck + one.in_spill for one in outcomes))
    yield f"{max(one.recovery for one in outcomes):.1f} s"


def save(path: Path, seed: int, outcomes: Sequence[Outcome], more: dict[str, Any]) -> None:
    """Everything, so that a round can be played again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"seed": seed, **more, "rounds": [one.row() for one in outcomes]}, indent=1) + "\n")


def load(path: Path) -> list[Outcome]:
    """The rounds of a file."""
    known = {field.name for field in fields(Outcome)}
    return [
        Outcome(**{name: row[name] for name in row if name in known}) for row in json.loads(path.read_text())["rounds"]
    ]


def print_failures(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Examples of what was wrong, and how to see it again."""
    for one in outcomes:
        if not one.passed:
            console.print(f"round {one.number}, {one.kind}: {one.verdict['examples']}", style="red", markup=False)


def main() -> int:
    """Returns the exit code: 0 when no round broke a promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.report", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="made by --json")
    parser.add_argument("--markdown", action="store_true", help="as in docs/reliability.md")
    options = parser.parse_args()
    discover()
    outcomes = [one for path in options.files for one in load(path)]
    console = Console(width=150)
    console.print(markdown(outcomes) if options.markdown else table(outcomes), markup=False, soft_wrap=True)
    print_failures(console, outcomes)
    return 0 if all(one.passed for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
