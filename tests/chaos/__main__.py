"""make chaos: rounds of faults until there are ROUNDS of them, or the time is over."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from tests.chaos import report
from tests.chaos.fault import FAULTS, Fault, discover
from tests.chaos.machine import TRIALS, lacks
from tests.chaos.rounds import COMBINED, Outcome, Size, play
from tests.chaos.world import World, made

#: Of a run without ROUNDS.
MINUTES = 5.0

#: Of eight rounds, one has several faults.
COMBINED_SHARE = 8

#: Played nowhere, and why.
NEVER = {
    "webhooks and mail": "there are no deliveries yet",
    "2 GB allocation": "an allocation that fails at once stands for it: other work shares the machine",
}


def arguments() -> argparse.Namespace:
    """What make passes on."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=0, help="how many (default: as many as five minutes hold)")
    parser.add_argument("--seed", type=int, default=0, help="of an earlier run (default: a new one)")
    parser.add_argument("--kinds", default="", help="only kinds with one of these words in their names, by comma")
    parser.add_argument(
        "--journal", default="", choices=["", "on", "off"], help="accepted events (default: by the seed)"
    )
    parser.add_argument("--first", type=int, default=0, help="number of the first round")
    parser.add_argument("--json", type=Path, default=None, help="file of results")
    return parser.parse_args()


def schedule(faults: Iterable[Fault], words: str, seed: int) -> list[str]:
    """The kinds in an order of the seed's: each has had its turn before one comes again."""
    wanted = [word.strip().lower() for word in words.split(",") if word.strip()]
    names = [one.name for one in faults]
    kinds = [*names, *[COMBINED] * (len(names) // COMBINED_SHARE)]
    chosen = [kind for kind in kinds if not wanted or any(word in kind.lower() for word in wanted)]
    if not chosen:
        sys.exit(f"no kind that can be played here has one of these words in its name: {words}")
    random.Random(seed).shuffle(chosen)
    return chosen


def divide(faults: Iterable[Fault]) -> tuple[list[Fault], dict[str, str]]:
    """Those that this machine can play, and why not the others."""
    lacking = {need: lacks(need) for need in TRIALS}
    able = [one for one in faults if not lacking.get(one.needs)]
    return able, {one.name: lacking[one.needs] for one in FAULTS.values() if lacking.get(one.needs)}


def run(world: World, options: argparse.Namespace, kinds: list[str], console: Console) -> list[Outcome]:
    """The rounds, one after the other."""
    outcomes: list[Outcome] = []
    deadline = time.monotonic() + MINUTES * 60
    while len(outcomes) < options.rounds if options.rounds else time.monotonic() < deadline:
        number = options.first + len(outcomes)
        world.wait_until_ready()
        outcome = play(world, number, kinds[number % len(kinds)], options.seed, Size())
        outcomes.append(outcome)
        if not outcome.passed:
            console.print(f"Logs: {world.keep_logs(f'round-{number}')}", markup=False)
        if options.json:  # each time: what has been played stays known, however the run ends
            report.save(options.json, options.seed, outcomes, {})
        console.print(report.line(outcome), style="" if outcome.passed else "red", markup=False, soft_wrap=True)
    return outcomes


def main() -> int:
    """Returns the exit code: 0 when no promise was broken."""
    options, console = arguments(), Console(width=130)
    options.seed = options.seed or random.SystemRandom().randrange(1, 10**6)
    able, skipped = divide(discover().values())
    options.journal = options.journal or ("on" if options.seed % 3 == 0 else "off")
    kinds = schedule(able, options.kinds, options.seed)
    console.print(f"Seed {options.seed}, journal {options.journal}. Not played here:", markup=False)
    for name, why in (NEVER | skipped).items():
        console.print(f"  {name}: {why}", markup=False)
    needs = {FAULTS[kind].needs for kind in kinds if kind in FAULTS}
    with made(needs=needs, FAIRLANE_JOURNAL=str(int(options.journal == "on"))) as world:
        outcomes = run(world, options, kinds, console)
        whole = world.judge(world.log)
    console.print(report.table(outcomes))
    report.print_failures(console, outcomes)
    missed = sorted(set(kinds) - {one.kind for one in outcomes})
    if missed:
        console.print(f"No turn this time: {', '.join(missed)}.", markup=False)
    late = {fault: count for fault, count in whole["counts"].items() if count}
    if options.json:
        report.save(options.json, options.seed, outcomes, {"whole": whole})
    passed = all(one.passed for one in outcomes) and not late
    console.print(
        f"Seed {options.seed}: {len(outcomes)} rounds, {whole['accepted']:,} events, "
        + ("every promise kept." if passed else f"PROMISES BROKEN {late}"),
        style="bold green" if passed else "bold red",
    )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
