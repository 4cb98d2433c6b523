"""manage.py explain: why a lead is, or is not, in a campaign."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.explaining import Heard, explain
from campaigns.language.tracing import leaves, say
from campaigns.models import Campaign, Lead


class Command(BaseCommand):
    help = "Say why a lead is, or is not, in a campaign: its runs, and what the last events met."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tenant")
        parser.add_argument("campaign", help="its key")
        parser.add_argument("lead", help="its key")

    def handle(self, *, tenant: str, campaign: str, lead: str, **_: Any) -> None:
        try:
            found = explain(tenant, campaign, lead)
        except Campaign.DoesNotExist as error:
            raise CommandError(f"tenant {tenant!r} has no campaign {campaign!r}") from error
        except Lead.DoesNotExist as error:
            raise CommandError(f"tenant {tenant!r} has no lead {lead!r}") from error
        version = "nothing is published" if found.version is None else f"version {found.version}"
        self.stdout.write(f"{campaign} is {found.state}, {version}. {found.verdict}")
        for run in found.inside:
            self.stdout.write(f"  inside since {run.entered_at:%Y-%m-%d %H:%M %Z} (version {run.version}): {run.why}")
        for line in found.times:
            self.stdout.write(f"  {line}")
        for event in found.events:
            for line in _lines(event):
                self.stdout.write(line)


def _lines(event: Heard) -> list[str]:
    head = f"  {event.occurred_at:%Y-%m-%d %H:%M %Z} {event.type} ({event.id}): {event.verdict}"
    asked = [] if event.filter is None else leaves(event.filter)
    conditions = [f"    {'yes' if one.holds else 'no'}: {say(one)}" for one in asked]
    return [head, *(f"    {said}" for said in event.triggers), *conditions]
