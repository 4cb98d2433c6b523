"""manage.py deliver: sends what campaigns wrote down to be sent, for as long as it runs."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from campaigns.sender.conf import conf
from campaigns.sender.loop import Sender, run_all
from engine.conf import conf as engine_conf


class Command(BaseCommand):
    help = "Send e-mails and call webhooks that campaigns have written down. Run one or more."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due and end")

    def handle(self, *, once: bool, **_: object) -> None:
        if once:
            return self._once()
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        run_all(list(engine_conf().databases), conf(), stop)

    def _once(self) -> None:
        tries = 0
        for database in engine_conf().databases:
            sender = Sender(database, conf())
            try:
                tries += sender.run_once()
            finally:
                sender.close()
        self.stdout.write(f"{tries:,} tries were made.")
