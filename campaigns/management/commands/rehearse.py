"""manage.py rehearse: what a campaign's draft would have done to real leads."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from campaigns.language.rehearsal import Report
from campaigns.models import Campaign
from campaigns.rehearsals import FaultyDraft, Rehearsed, rehearse

FIGURES = (
    ("events", "events played"),
    ("leads", "leads they happened to"),
    ("batches", "batches started"),
    ("members", "members of them"),
    ("leads_entered", "leads that entered"),
    ("runs", "runs"),
    ("inside", "runs still inside at the end"),
    ("messages", "messages"),
    ("leads_messaged", "leads with a message"),
    ("most_messages", "most messages to one lead"),
    ("loops", "loops stopped"),
)


class Command(BaseCommand):
    help = "Play the last days' events on a campaign's draft, in memory: who would have entered, what would be done."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tenant")
        parser.add_argument("campaign", help="its key")
        parser.add_argument("--days", type=int, default=30, help="events accepted since then (default: %(default)s)")
        parser.add_argument("--leads", type=int, default=10_000, help="at most so many leads (default: %(default)s)")

    def handle(self, *, tenant: str, campaign: str, days: int, leads: int, **_: Any) -> None:
        console, now = Console(file=self.stdout), datetime.now(UTC)  # type: ignore[arg-type]
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("leads", total=leads)
            try:
                found = rehearse(
                    tenant, campaign, since=now - timedelta(days=days), until=now, leads=leads,
                    progress=lambda played: bar.update(task, completed=played),
                )  # fmt: skip
            except Campaign.DoesNotExist as error:
                raise CommandError(f"tenant {tenant!r} has no campaign {campaign!r}") from error
            except FaultyDraft as error:
                raise CommandError("The draft has faults:\n" + "\n".join(map(str, error.faults))) from error
        console.print(_figures(found))
        console.print(_steps(found))
        for reason, count in sorted(found.draft.refused.items(), key=lambda item: -item[1])[:10]:
            console.print(f"{count} times not done: {reason}")


def _figures(found: Rehearsed) -> Table:
    table = Table("", "draft", *(["live"] if found.live else []))
    for name, words in FIGURES:
        table.add_row(words, *(f"{getattr(report, name):,}" for report in _reports(found)))
    return table


def _steps(found: Rehearsed) -> Table:
    table = Table("step", "draft", *(["live"] if found.live else []))
    names = dict.fromkeys(step for report in _reports(found) for step in report.steps)
    for step in names:
        table.add_row(step, *(_outcomes(report.steps.get(step, {})) for report in _reports(found)))
    return table


def _reports(found: Rehearsed) -> list[Report]:
    return [found.draft] if found.live is None else [found.draft, found.live]


def _outcomes(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(counts.items(), key=lambda item: -item[1]))
