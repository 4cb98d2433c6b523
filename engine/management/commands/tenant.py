"""manage.py tenant: what tenants may use; pause, drain, abort."""

from __future__ import annotations

import getpass
import socket
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from typing import Any

import django.db
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from engine import control, status
from engine.abort import abort, waiting
from engine.errors import EngineError
from engine.lanes import BROKER_ERRORS
from engine.status import Status

#: Pause between two looks at a tenant that is being drained.
LOOK_SECONDS = 0.5

#: What is done to a tenant's state, and what is said afterwards.
STATES: dict[str, tuple[Callable[[str], None], str]] = {
    "pause": (control.pause, "New events are accepted and wait; what is in work is finished."),
    "resume": (control.resume, "It is worked for, and takes new events."),
    "drain": (control.drain, "New events are refused (503 draining); what waits is executed."),
}


class Command(BaseCommand):
    help = "Show tenants and change what they may use, or whether they are worked for; effective at once."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        listed = verbs.add_parser("list", help="tenants with most waiting, and those set to other than the default")
        listed.add_argument("--top", type=int, default=50, help="how many of each (default: %(default)s)")
        _add(verbs, "show", "one tenant")
        share = _add(verbs, "set", "its share of worker time, cap on lanes in work, rate")
        share.add_argument("--weight", type=float, help="2 gets twice as much time as 1")
        share.add_argument("--cap", type=int, help="most lanes in work at once; 0: no limit")
        share.add_argument("--rate", type=float, help="most events a second; 0: no limit")
        _add(verbs, "pause", "accept its events, execute none")
        _add(verbs, "resume", "after pause or drain")
        drain = _add(verbs, "drain", "refuse new events, execute what waits")
        drain.add_argument(
            "--wait", type=float, nargs="?", const=300.0, metavar="SECONDS",
            help="until nothing is left, at most so long (default: %(const)s)",
        )  # fmt: skip
        thrown = _add(verbs, "abort", "throw away what waits; events being executed are finished")
        thrown.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, verb: str, **options: Any) -> None:
        try:
            getattr(self, f"_{verb}", self._change)(verb=verb, **options)
        except BROKER_ERRORS as error:
            raise CommandError(f"the broker does not answer: {error}") from error
        except django.db.Error as error:
            raise CommandError(f"the database does not answer: {error}") from error
        except (EngineError, ValueError) as error:
            raise CommandError(str(error)) from error

    def _list(self, *, top: int, **_: object) -> None:
        found, total = status.notable(top)
        table = Table("tenant", "state", title="Tenants", caption=f"{len(found)} of {total} tenants")
        for name in ("waiting", "in work", "weight", "cap", "rate"):
            table.add_column(name, justify="right")
        table.add_column("database")
        for one in found:
            table.add_row(*_cells(one))
        self._console().print(table)

    def _show(self, *, tenant: str, **_: object) -> None:
        one = status.of(tenant)
        table = Table(show_header=False, title=tenant)
        for name, value in _lines(one):
            table.add_row(name, value)
        self._console().print(table)

    def _set(self, *, tenant: str, weight: float | None, cap: int | None, rate: float | None, **_: object) -> None:
        if weight is None and cap is None and rate is None:
            raise CommandError("say what to set: --weight, --cap or --rate")
        control.configure(tenant, weight=weight, cap=cap, rate=rate)
        one = status.of(tenant)
        self.stdout.write(f"{tenant}: weight {one.weight:g}, cap {_limit(one.cap)}, rate {_rate(one)}.")

    def _change(self, *, verb: str, tenant: str, **_: object) -> None:
        change, said = STATES[verb]
        change(tenant)
        one = status.of(tenant)
        self.stdout.write(f"{tenant} is {one.word}. {said} {_held(one)}")

    def _drain(self, *, tenant: str, wait: float | None, **_: object) -> None:
        self._change(verb="drain", tenant=tenant)
        if wait is None:
            return
        ends = time.monotonic() + wait
        while (one := status.of(tenant)).word != "drained":
            if one.word != "draining":
                raise CommandError(f"{tenant} is {one.word}: somebody changed it")
            if time.monotonic() >= ends:
                raise CommandError(f"not drained after {wait:g} s: {_held(one)}")
            self._progress(one)
            time.sleep(LOOK_SECONDS)
        self.stdout.write(f"{tenant} is drained. {_held(one)}")

    def _progress(self, one: Status) -> None:
        if sys.stdout.isatty():
            self.stdout.write(f"\r{one.waiting:,} events wait, {one.in_work} lanes in work ", ending="")
            self.stdout.flush()

    def _abort(self, *, tenant: str, yes: bool, **_: object) -> None:
        status.of(tenant)
        if not yes:
            self._confirm(tenant)
        done = abort(tenant, by=f"{getpass.getuser()}@{socket.gethostname()}")
        self.stdout.write(f"{tenant}: {done.events:,} events were thrown away (abort {done.generation}).")
        if done.in_hand:
            self.stdout.write(f"Up to {done.in_hand:,} that workers had in hand are executed.")

    def _confirm(self, tenant: str) -> None:
        if not sys.stdin.isatty():
            raise CommandError("say --yes, or answer the question at a terminal")
        self.stdout.write(f"This throws away the {waiting(tenant):,} events of {tenant} that wait, for good.")
        self.stdout.write("Those being executed are finished. What is accepted from now on is executed.")
        if input(f"Type {tenant} to go on: ").strip() != tenant:
            raise CommandError("nothing was thrown away")

    def _console(self) -> Console:
        return Console(file=getattr(self.stdout, "_out", sys.stdout))


def _add(verbs: Any, name: str, help: str) -> ArgumentParser:
    parser: ArgumentParser = verbs.add_parser(name, help=help)
    parser.add_argument("tenant", metavar="KEY")
    return parser


def _cells(one: Status) -> Iterable[str]:
    return (
        one.tenant, one.word, one.waiting_in_words, str(one.in_work), f"{one.weight:g}", _limit(one.cap), _rate(one),
        one.database,
    )  # fmt: skip


def _lines(one: Status) -> Iterable[tuple[str, str]]:
    yield "state", one.word
    yield "for workers", one.standing
    there = "its database does not answer" if one.away else f"{one.spilled:,} in PostgreSQL"
    yield "waiting", f"{one.waiting_in_words} ({one.in_redis:,} in Redis, {there})"
    yield "outbox", f"{one.outbox:,}"
    yield "lanes in work", f"{one.in_work} of {one.lanes}"
    yield "weight", f"{one.weight:g}"
    yield "cap", _limit(one.cap)
    yield "rate", _rate(one)
    yield "database", one.database
    yield "aborts", str(one.generation)


def _limit(value: int) -> str:
    return str(value) if value else "none"


def _rate(one: Status) -> str:
    return f"{one.rate:g}/s" if one.rate else "none"


def _held(one: Status) -> str:
    """What waits, in a sentence."""
    said = f"{one.waiting_in_words} events wait, {one.in_work} lanes are in work."
    return f"{said} {one.outbox:,} events of signals wait in the outbox." if one.outbox else said
