"""The audit itself: gather what was accepted, waits, died and was executed; then ask for violations.

Events move from the outbox to a lane, which is in Redis and in the buffer in PostgreSQL, to the ledger. They are
read in this order, the accept log first and the ledger last, so that an event that moves meanwhile is seen at
least once and the audit may run beside workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import psycopg
import redis

from campaigns.audit.accepted import Acceptance
from campaigns.audit.identity import key_of
from campaigns.audit.waiting import in_buffer, in_lanes, in_outbox
from engine.placement import DIRECTORY
from engine.sql import load

QUERIES = load("campaigns.audit", "audit.sql")

#: Examples kept of each kind of violation.
NAMED = 5

#: Tenant, begin, end, events or None when that is not known.
Abort = tuple[str, datetime, datetime, int | None]

#: Rows fetched from the server, or sent to it, at once.
CHUNK = 1000

#: Promise -> the queries that name what breaks it.
PROMISES = {
    "nothing is lost": ("find_lost",),
    "nothing is done twice": ("find_done_twice", "find_split_executions", "find_known_twice"),
    "each lead's events are done in their order": ("find_overtaken", "find_interleaved"),
    "nothing crosses tenants": (
        "find_foreign_leads",
        "find_foreign_campaigns",
        "find_unknown_tenants",
        "find_misplaced",
        "find_other_leads",
        "find_strayed",
    ),
    "the ledger agrees": ("find_executed_unknown", "find_dead_unknown", "find_dead_executed"),
}


class Violation(NamedTuple):
    """One thing that must not be."""

    tenant: str
    lead: str | None
    event: str | None
    fault: str


@dataclass
class Finding:
    """What was found about one promise."""

    promise: str
    count: int = 0
    examples: list[Violation] = field(default_factory=list)


@dataclass
class Verdict:
    """All that was found."""

    figures: dict[str, int]
    findings: list[Finding]
    unreached: dict[str, str] = field(default_factory=dict)  #: databases that did not answer, and what was said

    @property
    def passed(self) -> bool:
        """Whether no promise was broken, as far as everything could be looked at."""
        return not self.unreached and not any(finding.count for finding in self.findings)


@dataclass(frozen=True)
class Scope:
    """What is looked at."""

    since: datetime  #: executions and dead letters from then on
    ledger_since: datetime  #: from then on the ledger remembers every execution
    tenant: str | None = None  #: None: all
    database: str = DIRECTORY
    homes: Mapping[str, str] = field(default_factory=dict)  #: tenant -> database; needed where there are several
    read_aborts: Callable[[], Iterable[Abort]] = tuple  #: asked last: an abort may go on beside the audit

    def lives_here(self, tenant: str) -> bool:
        """Whether the tenant's events are looked for on this database; one that nobody knows is the directory's."""
        return self.tenant in (None, tenant) and self.homes.get(tenant, DIRECTORY) == self.database

    def parameters(self) -> dict[str, object]:
        """As the queries name them."""
        return {"since": self.since, "ledger_since": self.ledger_since, "tenant": self.tenant}


def inspect(
    connection: psycopg.Connection, broker: redis.Redis, prefix: str, scope: Scope, accepted: Iterable[Acceptance]
) -> Verdict:
    """Look at everything in the scope. Needs a connection of the worker role in autocommit, for itself alone."""
    connection.execute(QUERIES["create_tables"])
    connection.execute(QUERIES["create_elsewhere"])
    _copy(connection, "copy_elsewhere", ((tenant,) for tenant in scope.homes if not scope.lives_here(tenant)))
    _copy(connection, "copy_accepted", _accepted_rows(accepted, scope))
    _copy(connection, "copy_waiting", in_outbox_rows(connection, scope.tenant))
    for rows in in_buffer(connection, QUERIES["select_spilled"], scope.tenant):
        _copy(connection, "copy_waiting", rows)
    waiting = in_lanes(broker, prefix, scope.tenant)
    _copy(connection, "copy_waiting", (row for row in waiting if scope.lives_here(row[0])))
    _copy(connection, "copy_aborts", scope.read_aborts())
    connection.execute(QUERIES["begin_snapshot"])
    _gather_dead(connection, scope, "select_dead_letters", "insert_dead")
    _gather_dead(connection, scope, "select_retried", "insert_retried")
    connection.execute(QUERIES["gather_executions"], scope.parameters())
    connection.execute(QUERIES["index_tables"])
    connection.execute(QUERIES["gather_missing"])
    verdict = Verdict(_figures(connection), [_finding(connection, promise, scope) for promise in PROMISES])
    connection.execute("ROLLBACK")
    return verdict


def read_homes(directory: psycopg.Connection) -> dict[str, str]:
    """On which database each tenant lives."""
    return dict(directory.execute(QUERIES["select_homes"]).fetchall())


def read_aborts(directory: psycopg.Connection) -> list[Abort]:
    """Who was aborted, when it began and ended, and how many events were thrown away."""
    return directory.execute(QUERIES["select_aborts"]).fetchall()


def combine(verdicts: Sequence[Verdict], unreached: dict[str, str]) -> Verdict:
    """One verdict about several databases."""
    figures = {name: sum(verdict.figures[name] for verdict in verdicts) for name in verdicts[0].figures}
    findings = [_together(same) for same in zip(*(verdict.findings for verdict in verdicts), strict=True)]
    return Verdict(figures, findings, unreached)


def _together(findings: Sequence[Finding]) -> Finding:
    examples = [example for finding in findings for example in finding.examples]
    return Finding(findings[0].promise, sum(finding.count for finding in findings), examples[:NAMED])


def in_outbox_rows(connection: psycopg.Connection, tenant: str | None) -> list[tuple[str, str]]:
    """All at once: a COPY cannot begin while rows are being read; the outbox is nearly always empty."""
    return list(in_outbox(connection, QUERIES["select_outbox"], tenant))


def _accepted_rows(accepted: Iterable[Acceptance], scope: Scope) -> Iterator[tuple[object, ...]]:
    for line in accepted:
        if scope.lives_here(line.tenant):
            yield line.order, line.tenant, line.lead, line.id, key_of(line.id), line.accepted_at


def _copy(connection: psycopg.Connection, query: str, rows: Iterable[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(QUERIES[query]) as copy:
        for row in rows:
            copy.write_row(row)


def _gather_dead(connection: psycopg.Connection, scope: Scope, select: str, insert: str) -> None:
    with connection.cursor(name="audit_dead") as letters, connection.cursor() as writer:
        letters.itersize = CHUNK
        letters.execute(QUERIES[select], scope.parameters())
        rows = ((tenant, lead, id, key_of(id)) for tenant, lead, id in letters)
        while chunk := list(islice(rows, CHUNK)):
            writer.executemany(QUERIES[insert], chunk)


def _figures(connection: psycopg.Connection) -> dict[str, int]:
    cursor = connection.execute(QUERIES["select_figures"])
    row = cursor.fetchone()
    assert row is not None and cursor.description is not None
    return dict(zip([column.name for column in cursor.description], row, strict=True))


def _finding(connection: psycopg.Connection, promise: str, scope: Scope) -> Finding:
    finding = Finding(promise)
    for query in PROMISES[promise]:
        with connection.cursor(name="audit_violations") as rows:
            rows.itersize = CHUNK
            rows.execute(QUERIES[query], scope.parameters())
            for row in rows:
                finding.count += 1
                if len(finding.examples) < NAMED:
                    finding.examples.append(Violation(*row))
    return finding
