"""manage.py demo_feed: the stream of events of `manage.py demo`, which starts it."""

from __future__ import annotations

import os
import sys

from django.core.management.base import BaseCommand

from campaigns.demo import kept
from campaigns.demo.acceptlog import Writer
from campaigns.demo.options import read_options
from campaigns.demo.plans import plans
from campaigns.demo.stream import Feeder


class Command(BaseCommand):
    help = "Send the demo's events. Started by `manage.py demo`; begins at a line on standard input."
    requires_system_checks = ()

    def handle(self, **_: object) -> None:
        options = read_options()
        feeder = Feeder(
            plans(options.leads),
            Writer(options.accept_log),
            seconds=options.seconds,
            rate=options.rate,
            burst=options.burst,
            api=os.environ["DEMO_WEB"],
            keys=kept.read(options.data).api_keys,
        )
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        if sys.stdin.readline():
            feeder.run()
