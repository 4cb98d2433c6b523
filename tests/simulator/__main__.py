"""`make simulate`: a million tenants in virtual time. Prints figures, ends with 1 when a promise is broken."""

from __future__ import annotations

import argparse
import resource
import sys
import time

from tests.simulator.run import simulate


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--tenants", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=64)
    options = parser.parse_args()
    started = time.perf_counter()
    result = simulate(options.tenants, options.seed, options.workers)
    for name, value in result.figures.items():
        print(f"{name:<52} {value}")
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'seconds this took, megabytes':<52} {time.perf_counter() - started:.0f}, {megabytes:.0f}")
    for fault in result.faults:
        print(f"BROKEN: {fault}")
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
