"""manage.py move_runs: take those inside an older version of a campaign to the live one."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.models import Campaign, Move
from campaigns.moves import Planned, plan_move, start_move, undo_move
from campaigns.operations import Refused
from campaigns.tenancy import tenant_context


class Command(BaseCommand):
    help = "Say what a plan would do to those inside an older version, and with --yes do it; maintain moves them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tenant")
        parser.add_argument("campaign", help="its key")
        parser.add_argument("--from", type=int, dest="version", help="the version they are on")
        parser.add_argument(
            "--step", action="append", default=[], metavar="OLD=NEW", help="NEW may be end; the same id unless named"
        )
        parser.add_argument("--yes", action="store_true", help="start the move")
        parser.add_argument("--undo", type=int, metavar="MOVE", help="take back those who have not gone on since")

    def handle(self, *, tenant: str, campaign: str, version: int | None, undo: int | None, **options: Any) -> None:
        with tenant_context(tenant):
            found = Campaign.objects.filter(key=campaign).first()
        if found is None:
            raise CommandError(f"tenant {tenant!r} has no campaign {campaign!r}")
        try:
            if undo is not None:
                undo_move(found, undo)
                return self.stdout.write(f"Move {undo} is being undone.")
            if version is None:
                raise CommandError("Say --from: the version they are on.")
            self._move(found, version, _plan(options["step"]), yes=options["yes"])
        except (Refused, Move.DoesNotExist) as error:
            raise CommandError(str(error)) from error

    def _move(self, campaign: Campaign, version: int, plan: dict[str, str], *, yes: bool) -> None:
        planned = plan_move(campaign, version, plan)
        for line in _lines(planned):
            self.stdout.write(line)
        if planned.faults:
            raise CommandError("\n".join(map(str, planned.faults)), returncode=2)
        if yes:
            move = start_move(campaign, version, plan, by="manage.py")
            self.stdout.write(f"Move {move.pk} is started; --undo {move.pk} takes back who has not gone on since.")
        else:
            self.stdout.write(f"Nothing is changed yet; --yes moves {planned.runs}.")


def _plan(pairs: list[str]) -> dict[str, str]:
    if any("=" not in pair for pair in pairs):
        raise CommandError("A step is written OLD=NEW.")
    return dict(pair.split("=", 1) for pair in pairs)


def _lines(planned: Planned) -> list[str]:
    return [
        f"{step.runs:>8,} at {step.step}: "
        + ("end" if step.to is None else f"to {step.to}, " + ("the wait goes on" if step.keeps else "which begins"))
        for step in planned.steps
    ]
