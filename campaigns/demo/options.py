"""What can be asked of the demo: by environment variables, because it begins before any settings."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Options:
    """Each from the variable DEMO_<NAME>."""

    data: Path  #: folder of servers, logs and keys
    seconds: float  #: how long events are sent
    rate: int  #: events a second
    leads: int  #: of all tenants together, when they are made
    burst: int  #: events that the largest tenant sends at once on top
    fresh: bool  #: without the data of earlier runs
    stay: bool  #: until Ctrl-C

    @property
    def log_folder(self) -> Path:
        """Where the processes write."""
        return self.data / "log"

    @property
    def accept_log(self) -> Path:
        """What the feeder saw accepted."""
        return self.data / "accepted.tsv"


def read_options() -> Options:
    """The options of this process. Raises SystemExit naming what cannot be read."""
    return Options(
        data=Path(os.environ.get("DEMO_DATA") or ROOT / ".data"),
        seconds=_number("DEMO_SECONDS", 30),
        rate=int(_number("DEMO_RATE", 1_000)),
        leads=int(_number("DEMO_LEADS", 50_000)),
        burst=int(_number("DEMO_BURST", 10_000)),
        fresh=_flag("DEMO_FRESH"),
        stay=sys.stdout.isatty() and not _flag("DEMO_EXIT"),
    )


def _flag(name: str) -> bool:
    return os.environ.get(name, "") not in ("", "0")


def _number(name: str, default: float) -> float:
    text = os.environ.get(name) or str(default)
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise SystemExit(f"{name} must be a number from 0 on, not {text!r}")
    return number
