"""Positive controls: the judge must catch stock Celery, and Fairlane with one guard off. `make controls`.

Each control plays rounds until the judge finds something, or its rounds are over.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from tests.acceptance.harness import Worker
from tests.chaos.fault import discover
from tests.chaos.producer import Producer
from tests.chaos.rounds import WRONG, Outcome, Size, play
from tests.chaos.stock import StockProducer, StockWorker
from tests.chaos.world import made

#: A stuck round of a control is not waited for longer.
DRAIN_SECONDS = 25


@dataclass(frozen=True)
class Control:
    """Something that must be caught."""

    name: str
    kind: str  #: of fault
    environment: dict[str, str] = field(default_factory=dict)
    rounds: int = 8  #: at most
    size: Size = field(default_factory=Size)
    begin: type[Worker] = Worker
    client: type[Producer] = Producer
    door: str = ""  #: guards of who accepts events that are off
    seek: str = ""  #: play on until this is found


def off(*guards: str, **more: str) -> dict[str, str]:
    """A node without these guards."""
    return {"CHAOS_GUARDS_OFF": ",".join(guards), **more}


def stock(name: str, kind: str, seek: str, rounds: int = 8) -> Control:
    """Of stock Celery."""
    return Control(name, kind, rounds=rounds, begin=StockWorker, client=StockProducer, seek=seek)


#: Lanes of two events.
SPILLS = "burst beyond the lanes' limit"

#: Lanes are never empty for long, and have something in Redis and in the buffer.
BACKLOG = Size(tenants=2, leads=40, pace=(0.02, 0.1), lane_limit=6)

SLOW = Size(events=600, pace=(0.001, 0.8), seconds=0.5)

CONTROLS = [
    stock("stock Celery", "no fault", "disorder"),
    stock("stock Celery", "kill -9 pool children", "twice"),
    stock("stock Celery", "kill -9 a worker", "stuck"),
    stock("stock Celery", "kill -9 Redis, fsync always", "lost"),
    Control("ledger off", "COMMIT's reply lost", off("ledger")),
    Control("token check off", "SIGSTOP beyond the lease", off("token")),
    Control("settle before commit", "kill -9 pool children", off("settle-first")),
    Control(
        "lease shorter than its bundle, ledger off", "no fault",
        off("renewal", "ledger", FAIRLANE_LEASE_SECONDS="0.4"), size=SLOW,
    ),
    Control("no sweeping", "kill -9 a worker", off("sweep")),
    Control("attempts not counted", "poison: ends its process", off("attempts"), rounds=2),
    Control("lane not by lead", "no fault", door="routing"),
    Control("retries of redis-py on", "script's reply lost", off("retries")),
    Control("retries of redis-py on, ledger off", "script's reply lost", off("retries", "ledger")),
    Control("epoch of producers unchecked", "doors stall, words to Redis are lost", door="producers-epoch"),
    Control(
        "epoch of holders unchecked", "a node stands still before it touches the buffer",
        off("holders-epoch"), rounds=16, size=BACKLOG, seek="disorder",
    ),
    Control("lanes go direct without a look", SPILLS, off("look-before-direct")),
    Control("what was spilled is trimmed too", "one door cut off from Redis", off("trim")),
    Control(
        "old words about modes believed", "doors stall, words to Redis are lost",
        off("old-words"), door="old-words",
    ),
    Control(
        "blind spills told to nobody, in any order", "one door cut off from Redis",
        off("blind-order"), door="blind-order",
    ),
]  # fmt: skip


@dataclass
class Result:
    """What became of a control."""

    control: Control
    played: int = 0
    caught: bool = False
    found: dict[str, int] = field(default_factory=dict)  #: fault -> how many, in the round that caught it


def found(outcome: Outcome) -> dict[str, int]:
    """What the judge found."""
    counts = {fault: outcome.verdict["counts"][fault] for fault in WRONG if outcome.verdict["counts"][fault]}
    return counts | ({"stuck": outcome.stuck} if outcome.stuck else {})


def run(control: Control, seed: int) -> Result:
    """Until it is caught, in a world of its own."""
    result = Result(control)
    discover()
    with made(begin=control.begin, door=control.door, **control.environment) as world:
        for number in range(control.rounds):
            world.wait_until_ready()
            outcome = play(
                world, number, control.kind, seed, control.size, drain_seconds=DRAIN_SECONDS, client=control.client
            )
            result.played += 1
            result.found = found(outcome)
            result.caught = control.seek in result.found if control.seek else bool(result.found)
            if result.caught:
                break
    return result


def table(results: list[Result]) -> Table:
    """A row for each."""
    shown = Table("control", "fault", "sought", "caught in round", "found in it", box=box.SIMPLE_HEAD, pad_edge=False)
    for one in results:
        caught = str(one.played) if one.caught else f"not in {one.played}"
        words = ", ".join(f"{count} {fault}" for fault, count in one.found.items())
        shown.add_row(one.control.name, one.control.kind, one.control.seek or "anything", caught, words)
    return shown


def row(result: Result, seed: int) -> dict[str, object]:
    """For the file of results."""
    return {
        "control": result.control.name, "kind": result.control.kind, "rounds": result.played,
        "caught": result.caught, "found": result.found, "seed": seed,
    }  # fmt: skip


def play_one(number: int, seed: int) -> int:
    """In this process; prints a line of JSON."""
    print(json.dumps({"number": number, **row(run(CONTROLS[number], seed), seed)}))
    return 0


def play_each(numbers: Sequence[int], seed: int, file: Path | None) -> int:
    """Each in a process of its own: Django knows one database. Returns 1 when one failed to run."""
    console = Console(width=150)
    results, failed = [], 0
    for number in numbers:
        command = [sys.executable, "-m", "tests.chaos.controls", "--one", str(number), "--seed", str(seed)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            failed += 1
            continue
        found_row = json.loads(done.stdout.splitlines()[-1])
        results.append(Result(CONTROLS[number], found_row["rounds"], found_row["caught"], found_row["found"]))
        console.print(done.stdout.strip(), markup=False, soft_wrap=True)
        if file:
            with file.open("a") as lines:
                lines.write(done.stdout.splitlines()[-1] + "\n")
    console.print(table(results))
    return 1 if failed else 0


def main() -> int:
    """Plays the controls that are named, or all."""
    parser = argparse.ArgumentParser(prog="make controls", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="numbers of controls, by comma")
    parser.add_argument("--json", type=Path, default=None, help="append results to this file, one a line")
    parser.add_argument("--one", type=int, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one is not None:
        return play_one(options.one, options.seed)
    chosen = [int(number) for number in options.only.split(",") if number] or list(range(len(CONTROLS)))
    return play_each(chosen, options.seed, options.json)


if __name__ == "__main__":
    sys.exit(main())
