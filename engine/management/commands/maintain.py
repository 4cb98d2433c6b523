"""manage.py maintain: partitions, shares and the outbox, for as long as it runs."""

from __future__ import annotations

import signal
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from queue import SimpleQueue
from types import FrameType

from django.core.management.base import BaseCommand, CommandError

from engine.conf import conf
from engine.maintenance import Maintenance


class Command(BaseCommand):
    help = "Do what is due: push what the outbox holds, make partitions, tell Redis shares, modes and figures."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do everything once and end")

    def handle(self, *, once: bool, **_: object) -> None:
        each = [Maintenance(database) for database in conf().databases]
        try:
            if once:
                return self._once(each)
            signal.signal(signal.SIGTERM, _end)
            _for_ever(each)
        except KeyboardInterrupt:
            return None
        finally:
            for maintenance in each:
                maintenance.close()

    def _once(self, each: Sequence[Maintenance]) -> None:
        failed = [_named(chore, maintenance) for maintenance in each for chore in maintenance.run_once()]
        if failed:
            raise CommandError("failed: " + ", ".join(failed))
        self.stdout.write("All is done.")


def _named(chore: str, maintenance: Maintenance) -> str:
    return chore if len(conf().databases) == 1 else f"{chore} of {maintenance.database}"


def _for_ever(each: Sequence[Maintenance]) -> None:
    """A thread for each database; the first one that ends, by an error nobody foresaw, ends all."""
    ended: SimpleQueue[BaseException] = SimpleQueue()
    for maintenance in each:
        threading.Thread(target=_watch, args=(maintenance, ended), daemon=True).start()
    raise ended.get()


def _watch(maintenance: Maintenance, ended: SimpleQueue[BaseException]) -> None:
    try:
        while True:
            time.sleep(maintenance.run_due())
    except BaseException as error:
        ended.put(error)


def _end(number: int, frame: FrameType | None) -> None:
    """At once, wherever it is: everything here may be done twice."""
    sys.exit(0)
