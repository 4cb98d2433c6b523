"""manage.py audit: proves from what is stored that the promises were kept."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg
import redis
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from campaigns.audit.accepted import BadLog, read
from campaigns.audit.inspection import Abort, Scope, Verdict, combine, inspect, read_aborts, read_homes
from campaigns.audit.report import as_json, print_verdict
from engine.conf import conf
from engine.placement import DIRECTORY

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


class Command(BaseCommand):
    help = (
        "Prove from the database, and from an accept log where there is one, that nothing was lost, done twice, done"
        " out of order or done to another tenant, on every database. Ends with 1 when something was, or when a"
        " database could not be looked at."
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
            verdict = _inspect_all(scope, Path(accepted) if accepted else None)
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


def _inspect_all(scope: Scope, log: Path | None) -> Verdict:
    """Each database for its own tenants. One that does not answer leaves the others to be looked at."""
    urls = dict(conf().databases)
    if not urls[DIRECTORY]:
        raise CommandError("WORKER_DATABASE_URL is not set: no other role sees every tenant")
    scope = replace(scope, read_aborts=partial(_read_aborts, urls[DIRECTORY]))
    if len(urls) > 1:
        with _connect(urls[DIRECTORY]) as directory:
            scope = replace(scope, homes=read_homes(directory))
    verdicts, unreached = [], {}
    for name, url in urls.items():
        try:
            verdicts.append(_inspect(replace(scope, database=name), url, log))
        except psycopg.OperationalError as error:
            if name == DIRECTORY:
                raise
            unreached[name] = str(error).strip()
    return combine(verdicts, unreached)


def _read_aborts(url: str) -> list[Abort]:
    with _connect(url) as directory:
        return read_aborts(directory)


def _inspect(scope: Scope, url: str, log: Path | None) -> Verdict:
    with _connect(url) as connection, redis.Redis.from_url(conf().redis_url, socket_timeout=30) as broker:
        return inspect(connection, broker, conf().prefix, scope, read(log) if log else ())


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True, application_name="fairlane-audit", connect_timeout=5)
