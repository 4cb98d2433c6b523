"""A process of a peer's node: python -m tests.benchmarks.peers MODULE NUMBER"""

from __future__ import annotations

import importlib
import sys


def main(name: str, number: str) -> None:
    """Work until killed."""
    importlib.import_module(name).serve(number)


if __name__ == "__main__":
    main(*sys.argv[1:])
