"""manage.py maintain: partitions, shares and the outbox, for as long as it runs."""

from __future__ import annotations

import signal
import sys
import time
from argparse import ArgumentParser
from types import FrameType

from django.core.management.base import BaseCommand, CommandError

from engine.maintenance import Maintenance


class Command(BaseCommand):
    help = "Do what is due: push what the outbox holds, make partitions, tell Redis shares, modes and figures."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do everything once and end")

    def handle(self, *, once: bool, **_: object) -> None:
        maintenance = Maintenance()
        try:
            if once:
                return self._once(maintenance)
            signal.signal(signal.SIGTERM, _end)
            while True:
                time.sleep(maintenance.run_due())
        except KeyboardInterrupt:
            return None
        finally:
            maintenance.close()

    def _once(self, maintenance: Maintenance) -> None:
        failed = maintenance.run_once()
        if failed:
            raise CommandError("failed: " + ", ".join(failed))
        self.stdout.write("All is done.")


def _end(number: int, frame: FrameType | None) -> None:
    """At once, wherever it is: everything here may be done twice."""
    sys.exit(0)
