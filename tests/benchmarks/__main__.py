"""`make bench`: tables, and bench.json with all figures.

Ratios within one run are the result; rates are the machine's.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping

from rich.console import Console

from tests.benchmarks import suite, world
from tests.benchmarks.results import RESULTS, read
from tests.benchmarks.suite import Figures, Suite
from tests.benchmarks.table import machine, markdown, table


def main() -> None:
    """Measure the suites asked for, one after the other, on servers of their own."""
    asked = _arguments()
    errors, console = Console(stderr=True), Console()
    with world.servers():
        for name in asked.suites or [DEFAULT]:
            chosen = suite.load(name)
            errors.print(chosen.title)
            began = time.monotonic()
            rows = suite.measure(chosen, asked.rounds, lambda words: errors.print(f"  {words}", highlight=False))
            keep(name, chosen, rows, rounds=asked.rounds, seconds=time.monotonic() - began)
            Console(width=max(WIDTH, console.width)).print(table(chosen, rows))
            if asked.markdown:
                print(markdown(chosen, rows))
    console.print(f"{RESULTS} has all figures")


DEFAULT = "path"
WIDTH = 220  #: characters: narrower, and figures of the widest table are cut off


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(suite.names())}; {DEFAULT} if none")
    parser.add_argument("--rounds", type=int, default=3, help="of each case, in turns; the median is shown")
    parser.add_argument("--markdown", action="store_true", help="print the tables for a document, too")
    asked = parser.parse_args()
    unknown = sorted(set(asked.suites) - set(suite.names()))
    if unknown:
        parser.error(f"no such suite: {', '.join(unknown)}; there are {', '.join(suite.names())}")
    return asked


def keep(name: str, chosen: Suite, rows: Mapping[str, Figures], *, rounds: int, seconds: float) -> None:
    """Put a suite's figures into the results, beside those of others; in the order of the table."""
    columns = [[column.figure, column.heading, column.form] for column in chosen.columns]
    run = {"machine": machine(), "title": chosen.title, "rounds": rounds, "seconds": seconds}
    measured = run | {"columns": columns, "rows": rows}
    RESULTS.write_text(json.dumps({**read(), name: measured}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
