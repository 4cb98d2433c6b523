"""Tables of the documents, made from bench.json: python -m tests.benchmarks.document

A table stands between <!-- begin NAME --> and <!-- end NAME -->; what was there before is replaced. Names are those
of the suites, and those of table(). Where nothing was measured the table says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.benchmarks import capacity, targets
from tests.benchmarks.grid import grid
from tests.benchmarks.results import Results, read

DOCUMENTS = (Path("README.md"), Path("docs/performance.md"), Path("docs/capacity.md"))

#: Where tests/benchmarks/plots.py draws.
DRAWN = Path("docs/performance")

#: Figures side by side.
MOST_COLUMNS = 16

_TABLE = re.compile(r"(<!-- begin (\S+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def fill(text: str, results: Results) -> str:
    """The document with its tables made anew."""
    return _TABLE.sub(lambda found: f"{found[1]}{table(found[2], results)}\n{found[3]}", text)


def table(name: str, results: Results) -> str:
    """A table by its name."""
    made: Mapping[str, Callable[[Results], str]] = {
        "targets": targets.markdown,
        "growth-by-design": targets.by_design,
        "costs": capacity.costs_markdown,
        "assumptions": capacity.assumptions_markdown,
        "capacity": capacity.markdown,
        "plots": lambda results: plots(),
        "runs": runs,
    }
    return made[name](results) if name in made else of_suite(name, results)


def of_suite(name: str, results: Results) -> str:
    """A suite's table: a line a case as it was printed, or a line a figure where that would be too wide to read."""
    measured = results.get(name, {})
    if "columns" not in measured:
        return f"Not measured yet: `python -m tests.benchmarks {name}`."
    rows: Mapping[str, Mapping[str, float]] = measured["rows"]
    columns = [column for column in measured["columns"] if any(column[0] in row for row in rows.values())]
    cells = [[heading, *(_cell(row.get(figure), form) for row in rows.values())] for figure, heading, form in columns]
    whole = [["", *rows], *cells]
    if len(columns) <= MOST_COLUMNS:
        whole = [list(line) for line in zip(*whole, strict=True)]
    return grid(whole[0], whole[1:]) + f"\n\n{measured['machine']}."


def runs(results: Results) -> str:
    """How long each suite took."""
    known = {name: measured for name, measured in sorted(results.items()) if "seconds" in measured}
    lines = [
        [f"`{name}`", measured["title"], f"{measured['rounds']}", f"{measured['seconds'] / 60:.0f}"]
        for name, measured in known.items()
    ]
    return grid(["suite", "", "rounds", "minutes"], lines) if lines else "Not measured yet."


def plots() -> str:
    """Those that were drawn."""
    drawn = [f"![{path.stem}](performance/{path.name})" for path in sorted(DRAWN.glob("*.svg"))]
    return "\n\n".join(drawn) or "Not drawn yet: `python -m tests.benchmarks.plots`."


def _cell(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def main() -> None:
    """Write the tables into the documents."""
    results = read()
    for path in DOCUMENTS:
        path.write_text(fill(path.read_text(encoding="utf-8"), results), encoding="utf-8")
        print(f"{path}: tables made from bench.json")


if __name__ == "__main__":
    main()
