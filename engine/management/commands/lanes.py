"""manage.py lanes: what waits and who works, tenant by tenant, and the figures of back pressure."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from engine import db, figures
from engine.conf import conf
from engine.control import lane_count
from engine.lanes import BROKER_ERRORS, lanes
from engine.placement import DIRECTORY

WATCH_SECONDS = 1.0


class Command(BaseCommand):
    help = "Show waiting events, lanes in work, leases and what was spilled; the deepest tenants first."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", help="each lane of one tenant")
        parser.add_argument("--top", type=int, default=20, help="how many tenants (default: %(default)s)")
        parser.add_argument("--watch", action="store_true", help="again each second, until Ctrl-C")
        parser.add_argument("--json", action="store_true", help="the figures of back pressure, for programs")

    def handle(self, *, tenant: str | None, top: int, watch: bool, **options: object) -> None:
        console = Console(file=getattr(self.stdout, "_out", sys.stdout))
        try:
            if options["json"]:
                found, silent = _figures(top)
                return self.stdout.write(json.dumps(found.to_json() | {"silent_databases": silent}, indent=2))
            if not watch:
                return console.print(_picture(tenant, top))
            with Live(_picture(tenant, top), console=console, auto_refresh=False) as live:
                while True:
                    time.sleep(WATCH_SECONDS)
                    live.update(_picture(tenant, top), refresh=True)
        except KeyboardInterrupt:
            return None
        except BROKER_ERRORS as error:
            raise CommandError(f"the broker does not answer: {error}") from error
        except psycopg.Error as error:
            raise CommandError(f"the database does not answer: {error}") from error
        except ValueError as error:
            raise CommandError(str(error)) from error


def _picture(tenant: str | None, top: int) -> Group:
    now = datetime.now(UTC)
    if tenant is not None:
        rows = lanes().look_at(tenant, lane_count(tenant))
        return Group(_lanes_table(f"Lanes of {tenant}", [(tenant, row) for row in rows], now))
    look = lanes().look(top)
    seen = {row["tenant"]: lanes().look_at(row["tenant"], lane_count(row["tenant"])) for row in look["tenants"]}
    leases = [(name, row) for name, rows in seen.items() for row in rows if row["bundle"]]
    tables = [_tenants_table(look, seen, now), _databases_table(look)]
    if leases:
        tables.append(_lanes_table("Leases", leases, now))
    found, silent = _figures(top)
    warnings = [f"The database {name} does not answer: this is what it said last." for name in silent]
    if broken := lanes().breakers():
        tables.append(_breakers_table(broken))
    return Group(*tables, *_back_pressure(found, now), *warnings)


def _breakers_table(broken: dict[str, str]) -> Table:
    """Who buries nothing, and why."""
    table = Table("process", "buries nothing, because", title="Breakers")
    for process, words in sorted(broken.items()):
        table.add_row(process, words)
    return table


def _figures(top: int) -> tuple[figures.Figures, list[str]]:
    """With what PostgreSQL says now, where its addresses are known: only the worker role sees every tenant.

    And the further databases that do not answer. Raises psycopg.Error when it is the directory.
    """
    silent = []
    for database, url in conf().databases.items():
        if not url:
            continue
        try:
            with db.connect(url, "fairlane-lanes") as worker:
                figures.note(worker, database)
        except psycopg.OperationalError:
            if database == DIRECTORY:
                raise
            silent.append(database)
    return figures.gather(top=top), silent


def _back_pressure(found: figures.Figures, now: datetime) -> Iterator[Table]:
    yield _counters_table(found)
    spilled = [one for one in found.tenants if one.lanes_spilled]
    if not spilled:
        return
    table = Table("tenant", title="Spilled to PostgreSQL")
    for name in ("waiting", "lanes", "oldest"):
        table.add_column(name, justify="right")
    for one in sorted(spilled, key=lambda one: -one.spilled):
        age = f"{one.oldest_seconds(now):.1f} s" if one.oldest else ""
        table.add_row(one.tenant, f"{one.spilled:,}", str(one.lanes_spilled), age)
    yield table


def _counters_table(found: figures.Figures) -> Table:
    recent, limit = found.recent, found.memory_limit_bytes
    table = Table("back pressure", title="Figures")
    table.add_column("so far", justify="right")
    table.add_column(f"last {recent.seconds:.0f} s", justify="right")
    table.add_row("went direct", _percent(found.share_direct), _percent(recent.share_direct))
    table.add_row("queue rows", f"{found.queue_rows:,}", _per_minute(recent.rows_per_minute))
    table.add_row("queue transactions", f"{found.queue_transactions:,}", _per_minute(recent.transactions_per_minute))
    table.add_row("lanes in spill mode", f"{found.lanes_spilled:,}", "")
    used = f"{found.memory_bytes / 2**20:,.0f} MB" + (f" of {limit / 2**20:,.0f}" if limit else "")
    repaired = lanes().count_repaired()
    table.add_row("repairs", f"{sum(repaired.values()):,}", ", ".join(f"{kind} {n:,}" for kind, n in repaired.items()))
    table.add_row("Redis memory", used, "short" if found.pressure else "")
    return table


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _per_minute(rate: float | None) -> str:
    return "" if rate is None else f"{rate:,.1f} a minute"


def _tenants_table(look: dict[str, Any], seen: dict[str, list[dict[str, Any]]], now: datetime) -> Table:
    table = Table(
        "tenant", "state", title="Tenants", caption=f"{look['total']} tenants wait, {look['bundles']} bundles in work"
    )
    for name in ("waiting", "ready lanes", "in work", "weight", "cap", "oldest"):
        table.add_column(name, justify="right")
    for row in look["tenants"]:
        table.add_row(
            row["tenant"], row["standing"], f"{row['waiting']:,.0f}", str(row["ready"]), str(row["in_work"]),
            f"{row['weight']:g}", f"{row['cap']:g}" if row["cap"] else "none", _oldest(seen[row["tenant"]], now),
        )  # fmt: skip
    return table


def _databases_table(look: dict[str, Any]) -> Table:
    table = Table("database", title="Databases")
    for name in ("runnable tenants", "bundles in work", "lanes in work", "limit", "total", "slots"):
        table.add_column(name, justify="right")
    table.add_column("last strain")
    for row in look["databases"]:
        strain = f"{row['strain']} {row['strained_ms'] / 1000:.0f} s ago" if row["strain"] else ""
        table.add_row(
            row["database"], str(row["runnable"]), str(row["bundles"]), str(row["lanes"]), str(row["limit"] or "none"),
            str(row["total"] or "none"), str(row["slots"]), strain,
        )  # fmt: skip
    return table


def _lanes_table(title: str, rows: Iterable[tuple[str, dict[str, Any]]], now: datetime) -> Table:
    table = Table("lane", title=title)
    for name in ("waiting", "oldest"):
        table.add_column(name, justify="right")
    for name in ("owner", "bundle"):
        table.add_column(name)
    for name in ("held", "left", "suspects"):
        table.add_column(name, justify="right")
    for tenant, row in rows:
        held = [f"{row['held_ms'] / 1000:.1f} s", f"{row['left_ms'] / 1000:.1f} s"] if row["bundle"] else ["", ""]
        table.add_row(
            f"{tenant}.{row['lane']}", f"{row['waiting']:,.0f}", _oldest([row], now), row["owner"], row["bundle"],
            *held, str(row["suspects"] or ""),
        )  # fmt: skip
    return table


def _oldest(rows: Iterable[dict[str, Any]], now: datetime) -> str:
    """How long the first event of these lanes has been waiting; the head of a lane is its oldest."""
    times = [datetime.fromisoformat(row["oldest"]) for row in rows if row["oldest"]]
    return _waiting_since(min(times) if times else None, now)


def _waiting_since(time: datetime | None, now: datetime) -> str:
    return f"{max(0.0, (now - time).total_seconds()):.1f} s" if time else ""
