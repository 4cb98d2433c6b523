"""`make bench`: a table and bench.json. Ratios within one run are the result; rates are the machine's."""

from __future__ import annotations

import json
import os
import platform
import statistics
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks import limit, ours, world

ROUNDS = int(os.environ.get("ROUNDS", "3"))
EVENTS = int(os.environ.get("EVENTS", "60000"))
STOCK_EVENTS = 700
STOCK = "stock Celery, a task per action"
LIMIT = "the rows alone, 2 connections"


def measure() -> dict[str, dict[str, float]]:
    """Each row ROUNDS times, interleaved; the median of each."""
    samples: dict[str, list[dict[str, float]]] = {}
    console = Console(stderr=True)
    for number in range(ROUNDS):
        console.print(f"round {number + 1} of {ROUNDS}")
        for name, sample in _round(number):
            console.print(f"  {name}: {sample['events']:,.0f} events a second")
            samples.setdefault(name, []).append(sample)
    return {
        name: {key: statistics.median(sample[key] for sample in rows) for key in rows[0]}
        for name, rows in samples.items()
    }


def _round(seed: int):  # type: ignore[no-untyped-def]
    twelve, thousand = world.names(12), world.names(1000)
    world.reset(twelve)
    result = ours.run_stock(world.events(STOCK_EVENTS, twelve, seed=seed), world.events(20, twelve, seed=99))
    yield STOCK, _sample(result.per_second, result)
    for connections in (1, 2):
        world.reset(twelve)
        rate = limit.run(world.events(EVENTS, twelve, seed=seed), connections)
        yield f"the rows alone, {connections} connection{'s'[: connections - 1]}", _sample(rate)
    for label, tenants in (
        ("1 tenant", twelve[:1]),
        ("12 unequal tenants", twelve),
        ("1,000 tenants", thousand),
    ):
        world.reset(tenants)
        result = ours.run(world.events(EVENTS, tenants, seed=seed), world.events(2000, tenants, seed=99))
        yield f"whole path, {label}", _sample(result.per_second, result)


def _sample(events: float, result: ours.Result | None = None) -> dict[str, float]:
    row = {"events": events, "actions": events * world.ACTIONS_PER_EVENT}
    return row | {"main_mb": result.main_mb, "child_mb": result.child_mb} if result else row


def report(results: dict[str, dict[str, float]]) -> None:
    """The table, ratios first, and the JSON."""
    stock, top = results[STOCK]["actions"], results[LIMIT]["actions"]
    title = f"median of {ROUNDS}; prefork 2; {os.cpu_count()} cores ({platform.machine()}), all servers on them"
    table = Table(title=title)
    for heading in ("", "x stock", "of the limit", "actions/s", "events/s", "main MB", "child MB"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for name, row in results.items():
        row |= {"times_stock": row["actions"] / stock, "of_limit": row["actions"] / top}
        table.add_row(
            name, f"{row['times_stock']:.1f}", f"{row['of_limit']:.2f}", f"{row['actions']:,.0f}",
            f"{row['events']:,.0f}", *(f"{row[key]:.0f}" if key in row else "" for key in ("main_mb", "child_mb")),
        )  # fmt: skip
    Console(width=max(100, Console().width)).print(table)
    Path("bench.json").write_text(json.dumps({"rounds": ROUNDS, "results": results}, indent=2) + "\n")
    Console().print("bench.json written")


if __name__ == "__main__":
    with world.servers():
        report(measure())
