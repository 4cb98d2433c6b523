"""manage.py audit: proves from what is stored that the promises were kept."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import redis
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from campaigns.audit.accepted import Acceptance, BadLog, read
from campaigns.audit.inspection import Scope, Verdict, inspect
from campaigns.audit.report import as_json, print_verdict
from engine.conf import conf

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


class Command(BaseCommand):
    help = (
        "Prove from the database, and from an accept log where there is one, that nothing was lost, done twice, done"
        " out of order or done to another tenant. Ends with 1 when something was."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since",
            metavar="ISO",
            help="look at what was executed since then (default: a day ago; with an accept log: all)",
        )
        parser.add_argument("--tenant", help="look at one tenant only")
        parser.add_argument(
            "--accepted", metavar="FILE", help="accept log: a line of JSON with tenant, lead, id (and order) each"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *, since: str | None, tenant: str | None, accepted: str | None, json: bool, **_: object) -> None:
        scope = _scope(since, tenant, has_log=accepted is not None)
        try:
            verdict = _inspect(scope, read(Path(accepted)) if accepted else ())
        except (BadLog, OSError, redis.RedisError, psycopg.Error) as error:
            raise CommandError(f"no audit: {error}") from error
        if json:
            self.stdout.write(as_json(scope, verdict))
        else:
            console = Console(file=getattr(self.stdout, "_out", sys.stdout))
            print_verdict(console, scope, verdict, has_log=accepted is not None)
        if not verdict.passed:
            sys.exit(1)


def _scope(since: str | None, tenant: str | None, *, has_log: bool) -> Scope:
    now = datetime.now(UTC)
    begin = BEGINNING if has_log else now - timedelta(days=1)
    if since is not None:
        try:
            begin = datetime.fromisoformat(since)
        except ValueError as error:
            raise CommandError(f"--since: {error}") from error
        begin = begin if begin.tzinfo else begin.replace(tzinfo=UTC)
    # An event waits at most a day here; one that waited longer may be older than the ledger.
    return Scope(begin, max(begin, now - timedelta(days=conf().ledger_days - 1)), tenant)


def _inspect(scope: Scope, accepted: object) -> Verdict:
    if not conf().database_url:
        raise CommandError("WORKER_DATABASE_URL is not set: no other role sees every tenant")
    lines: list[Acceptance] = accepted  # type: ignore[assignment]
    with (
        psycopg.connect(conf().database_url, autocommit=True, application_name="fairlane-audit") as connection,
        redis.Redis.from_url(conf().redis_url, socket_timeout=30) as broker,
    ):
        return inspect(connection, broker, conf().prefix, scope, lines)
