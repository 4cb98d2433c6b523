"""manage.py demo: Fairlane with example tenants, shown at work and checked. Needs no settings, see campaigns/demo."""

from __future__ import annotations

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from rich.console import Console

from campaigns.demo.options import read_options
from campaigns.demo.processes import ChildFailed
from campaigns.demo.saying import say
from campaigns.demo.show import Show
from engine.lanes import BROKER_ERRORS


class Command(BaseCommand):
    help = (
        "Start everything with example tenants, send events for a while, check what came of them. Variables: "
        "DEMO_SECONDS (30), DEMO_RATE (events a second), DEMO_LEADS (50000), DEMO_BURST, DEMO_DATA (.data), "
        "DEMO_EXIT=1 (do not stay up), DEMO_FRESH=1 (remove earlier data). DATABASE_URL (of an administrator) "
        "and REDIS_URL name servers to use instead of its own."
    )
    requires_system_checks = ()

    def handle(self, **_: object) -> None:
        options = read_options()
        try:
            passed = Show(options, Console(highlight=False)).run()
        except ChildFailed as error:
            raise CommandError(str(error)) from error
        except (psycopg.OperationalError, OperationalError, *BROKER_ERRORS) as error:
            raise CommandError(f"A server is gone, see the logs in {options.data}: {error}") from error
        say("everything is stopped")
        if not passed:
            raise CommandError("the check failed")
