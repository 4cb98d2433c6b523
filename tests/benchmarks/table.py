"""What was measured, as people read it: one table a suite."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping

from rich.table import Table

from tests.benchmarks.suite import Figures, Suite


def machine() -> str:
    """What the figures are of."""
    return f"{os.cpu_count()} cores ({platform.machine()}), all servers on them"


def table(suite: Suite, rows: Mapping[str, Figures]) -> Table:
    """One line a case; what a case did not measure is left empty."""
    result = Table(title=f"{suite.title}; {machine()}")
    result.add_column("", no_wrap=True)
    for column in suite.columns:
        result.add_column(column.heading, justify="right")
    for name, figures in rows.items():
        result.add_row(name, *(_cell(figures, column.figure, column.form) for column in suite.columns))
    return result


def markdown(suite: Suite, rows: Mapping[str, Figures]) -> str:
    """The same for a document."""
    lines = ["| | " + " | ".join(column.heading for column in suite.columns) + " |"]
    lines.append("|---" * (len(suite.columns) + 1) + "|")
    for name, figures in rows.items():
        cells = [_cell(figures, column.figure, column.form) for column in suite.columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(figures: Figures, figure: str, form: str) -> str:
    return format(figures[figure], form) if figure in figures else ""
