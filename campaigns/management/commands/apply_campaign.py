"""manage.py apply_campaign: a document becomes a campaign's draft, and its live version if wanted."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.exchange.applying import Applied, ApplyRefused, apply
from campaigns.exchange.telling import lines
from campaigns.management.commands.plan_campaign import add_file, take_file
from campaigns.operations import PublicationRefused, Refused


class Command(BaseCommand):
    help = "Make a campaign's document its draft; with --publish its live version. All of it or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_file(parser)
        parser.add_argument("--publish", action="store_true", help="publish it too")
        parser.add_argument("--by", help="who publishes, for the record (default: who runs this)")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant, file = take_file(options)
        by = options["by"] or getpass.getuser()
        try:
            applied = apply(tenant, file, by=by, publishing=options["publish"])
        except (ApplyRefused, PublicationRefused) as refusal:
            raise CommandError("\n".join([str(refusal), *map(str, refusal.faults)])) from refusal
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        for line in lines(applied.plan):
            self.stdout.write(line)
        self.stdout.write(_done(applied))


def _done(applied: Applied) -> str:
    key, version = applied.plan.key, applied.version
    made = f"{key} was made." if applied.created else f"The draft of {key} is as the file says."
    return f"{made} Version {version} is live." if version else made
