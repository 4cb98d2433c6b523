"""manage.py lanes: what waits and who works, tenant by tenant."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from engine import db, spill
from engine.conf import conf
from engine.control import lane_count
from engine.lanes import BROKER_ERRORS, lanes

WATCH_SECONDS = 1.0


class Command(BaseCommand):
    help = "Show waiting events, lanes in work, leases and what was spilled; the deepest tenants first."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", help="each lane of one tenant")
        parser.add_argument("--top", type=int, default=20, help="how many tenants (default: %(default)s)")
        parser.add_argument("--watch", action="store_true", help="again each second, until Ctrl-C")

    def handle(self, *, tenant: str | None, top: int, watch: bool, **_: object) -> None:
        console = Console(file=getattr(self.stdout, "_out", sys.stdout))
        try:
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
    tables = [_tenants_table(look, seen, now)]
    if leases:
        tables.append(_lanes_table("Leases", leases, now))
    if conf().database_url:
        tables.append(_buffer_table(top, now))
    return Group(*tables)


def _buffer_table(top: int, now: datetime) -> Table:
    """What waits in PostgreSQL. Only the worker role sees every tenant."""
    with db.connect(conf().database_url, "fairlane-lanes") as worker:
        backlogs, ever = spill.backlogs(worker), spill.count_ever(worker)
    table = Table("tenant", title="Spilled to PostgreSQL", caption=_share(lanes().count_direct(), ever))
    for name in ("waiting", "lanes", "oldest"):
        table.add_column(name, justify="right")
    for tenant, backlog in list(backlogs.items())[:top]:
        table.add_row(tenant, f"{backlog.events:,}", str(backlog.lanes), _waiting_since(backlog.oldest, now))
    return table


def _share(direct: int, spilled: int) -> str:
    if not spilled:
        return "all went direct"
    return f"{direct / (direct + spilled):.1%} went direct"


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
