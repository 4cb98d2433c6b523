"""manage.py deadletters: events that could not be executed; retry or drop them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

import django.db
import psycopg
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from engine import db, deadletters
from engine.conf import conf
from engine.deadletters import Choice, Letter

VERBS = {"list": "the oldest of them", "show": "them whole", "retry": "execute them", "drop": "give them up"}


class Command(BaseCommand):
    help = (
        "Dead letters: events that failed and will not be tried again. A retried event is executed once, behind what"
        " was accepted for its lead since. A dropped one never is."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=VERBS, help="; ".join(f"{verb}: {does}" for verb, does in VERBS.items()))
        parser.add_argument("--tenant", help="of this tenant (default: of all)")
        parser.add_argument("--id", type=int, nargs="+", dest="ids", help="these, as `list` numbers them")
        parser.add_argument("--type", help="events of this type")
        parser.add_argument("--since", type=_moment, metavar="ISO", help="buried then or later")
        parser.add_argument("--all", action="store_true", dest="everything", help="retry or drop without any of these")
        parser.add_argument("--top", type=int, default=50, help="most of a tenant to print (default: %(default)s)")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, verb: str, tenant: str | None, top: int, yes: bool, **options: Any) -> None:
        choice = Choice(options["ids"], options["type"], options["since"])
        try:
            tenants = [tenant] if tenant else _tenants()
            if verb in ("list", "show"):
                return self._print(verb, [(one, deadletters.find(one, choice, top)) for one in tenants])
            if not (tenant or choice != Choice() or options["everything"]):
                raise CommandError("say which: --tenant, --id, --type, --since, or --all")
            self._act(verb, tenants, choice, yes)
        except (django.db.Error, psycopg.Error) as error:
            raise CommandError(f"the database does not answer: {error}") from error

    def _print(self, verb: str, found: list[tuple[str, list[Letter]]]) -> None:
        console = Console(file=getattr(self.stdout, "_out", sys.stdout))
        if verb == "list":
            console.print(_table(found))
            return
        for tenant, letters in found:
            for letter in letters:
                console.print(_whole(tenant, letter), markup=False, highlight=False)

    def _act(self, verb: str, tenants: list[str], choice: Choice, yes: bool) -> None:
        counts = {tenant: deadletters.count(tenant, choice) for tenant in tenants}
        total = sum(counts.values())
        question = f"{verb.capitalize()} {total:,} dead letters of {len(counts)} tenants?"
        if total > 1 and not yes and not _agreed(question):
            raise CommandError("nothing was done")
        act = _retry if verb == "retry" else _drop
        for tenant in (tenant for tenant, count in counts.items() if count):
            self.stdout.write(f"{tenant}: {act(tenant, choice)}")
        if not total:
            self.stdout.write("There is none.")


def _retry(tenant: str, choice: Choice) -> str:
    done = deadletters.retry(tenant, choice)
    words = f"{done.events:,} events go back into their lanes, behind what was accepted since."
    return words + (f" {done.unreadable:,} letters are no events and stay." if done.unreadable else "")


def _drop(tenant: str, choice: Choice) -> str:
    return f"{deadletters.drop(tenant, choice):,} dead letters are dropped; their events are never executed."


def _tenants() -> list[str]:
    """On every database; only the worker role sees all of them."""
    if not conf().database_url:
        raise CommandError("name a --tenant, or set WORKER_DATABASE_URL: no other role sees every tenant")
    found: list[str] = []
    for url in conf().databases.values():
        with db.connect(url, "fairlane-deadletters") as worker:
            found += deadletters.tenants(worker)
    return sorted(found)


def _agreed(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _table(found: list[tuple[str, list[Letter]]]) -> Table:
    table = Table("id", "tenant", "buried", "type", "lead", "event", "attempts", "error", title="Dead letters")
    for tenant, letters in found:
        for one in letters:
            last = one.error.strip().splitlines()[-1:] or [""]
            table.add_row(
                str(one.id), tenant, f"{one.created_at:%Y-%m-%d %H:%M:%S}", one.type, one.lead, one.event_id,
                str(one.attempts), last[0][:120],
            )  # fmt: skip
    return table


def _whole(tenant: str, letter: Letter) -> str:
    payload = bytes(letter.payload).decode(errors="backslashreplace")
    return (
        f"{letter.id}  tenant {tenant}, lane {letter.lane}, buried {letter.created_at:%Y-%m-%d %H:%M:%S} after"
        f" {letter.attempts} attempts\n{payload}\n{letter.error}\n"
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
