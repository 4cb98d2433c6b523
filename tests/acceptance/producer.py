"""A producer process: accepts the numbered events of some leads, and says in a file which were acknowledged.

    python -m tests.acceptance.producer FILE PUSHES EVENTS LEAD@TENANT...

A thread for each lead pushes so many events so often. Begun again on the same file, it goes on where it was
killed: what was sent and not acknowledged is sent again.
"""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import django

django.setup()

from django.db import connections  # noqa: E402

from engine import enqueue  # noqa: E402
from engine.errors import BrokerDown  # noqa: E402
from tests.events import event  # noqa: E402

PAUSE_SECONDS = 0.05  #: after an answer that is none


def acknowledged(log: Path) -> dict[str, int]:
    """By lead, how many events; a last line that was not written to its end does not count."""
    lines = log.read_text().rpartition("\n")[0].splitlines() if log.exists() else []
    counts: dict[str, int] = {}
    for line in lines:
        lead, _, upto = line.partition(" ")
        counts[lead] = int(upto)
    return counts


def accept(log: Path, lead: str, tenant: str, pushes: int, size: int) -> None:
    """Until all are acknowledged."""
    done = acknowledged(log).get(lead, 0)
    with log.open("a") as out:
        while done < pushes * size:
            now = datetime.now(UTC)
            chunk = [event(tenant, lead, f"{lead}-{n}", at=now, n=n) for n in range(done, done + size)]
            try:
                enqueue.push(chunk)
            except BrokerDown:
                time.sleep(PAUSE_SECONDS)
                continue
            done += size
            out.write(f"{lead} {done}\n")
            out.flush()
    connections.close_all()


def main() -> None:
    """Reads the command line."""
    log, pushes, size, *leads = sys.argv[1:]
    threads = [
        threading.Thread(target=accept, args=(Path(log), *name.split("@"), int(pushes), int(size))) for name in leads
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
