"""The leads of a tenant that a filter matches: for batch campaigns and smart lists.

    audience = Audience(document, schema, now)
    page = audience.page(connection, after=0, limit=1_000)   # ids in rising order; page.after goes on, None ends

The database evaluates the filter. Where a condition is for memory alone (a regular expression, a token), it finds the
leads that may match and memory sorts the others out. Both mean the same.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from campaigns.history import load_history
from campaigns.language.context import Context, EventView
from campaigns.language.faults import Fault
from campaigns.language.filtertree import matches_of, read_filter
from campaigns.language.lead import LeadState
from campaigns.language.operator import Moment
from campaigns.language.rulebook import Rulebook, compile_rulebook
from campaigns.language.schema import TenantSchema
from campaigns.language.scope import Scope
from campaigns.language.smartlists import whole_list
from campaigns.language.sqltext import Sql, sql
from campaigns.language.treesql import Narrowed, narrow
from campaigns.leads import read_leads
from engine.sql import load

QUERIES = load("campaigns.sql", "audience.sql")
#: A lead is looked at where nothing happens.
NOTHING = EventView({}, {})


class InvalidFilterError(ValueError):
    """The filter of an audience has faults."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


class Page(msgspec.Struct, frozen=True):
    """Some of the leads."""

    ids: list[int]
    after: int | None  #: where the next page begins; None when this was the last


class Audience:
    """A filter at an instant. The statements it runs carry the tenant, whatever the role of the connection."""

    def __init__(self, document: Any, schema: TenantSchema, now: datetime) -> None:
        scope = Scope(schema, publishing=False)
        scope.eventless = True
        self.node = read_filter(document, scope, "filter")
        if scope.faults:
            raise InvalidFilterError(scope.faults)
        self.moment = Moment(schema, now)
        self.narrowed: Narrowed = narrow(self.node, self.moment)
        self._matches = matches_of(self.node)
        self.needs = _needs(scope)

    @property
    def condition(self) -> Sql:
        """What the database is asked of campaigns_lead as `l`; every lead that matches fulfils it."""
        return self.narrowed.sql

    def page(self, connection: psycopg.Connection, *, after: int = 0, limit: int) -> Page:
        """The ids of leads that match, at most `limit`, above an id and in rising order. A page may be empty and
        not the last where memory decides."""
        found = self._select("select_audience_page", connection, after, self.condition, limit)
        ids = [row[0] for row in found]
        last = ids[-1] if len(ids) == limit else None
        return Page(ids if self.narrowed.exact else self._sift(connection, ids), last)

    def between(self, connection: psycopg.Connection, after: int, upto: int) -> list[int]:
        """The ids of leads that match, above one id and up to another, in rising order."""
        ids = [row[0] for row in self._select("select_audience_between", connection, after, upto, self.condition)]
        return ids if self.narrowed.exact else self._sift(connection, ids)

    def count(self, connection: psycopg.Connection) -> int:
        """How many leads match."""
        if self.narrowed.exact:
            return int(self._select("count_audience", connection, self.condition)[0][0])
        total, after = 0, 0
        while after is not None:
            page = self.page(connection, after=after, limit=2_000)
            total, after = total + len(page.ids), page.after
        return total

    def matches(self, lead: LeadState) -> bool:
        """Whether a lead in memory is among them."""
        return self._matches(lead, Context(self.moment.schema, "", NOTHING, self.moment.now, self.moment.now))

    def _sift(self, connection: psycopg.Connection, ids: Collection[int]) -> list[int]:
        return [lead.id for lead in self.read(connection, ids) if self.matches(lead)]

    def read(self, connection: psycopg.Connection, ids: Collection[int]) -> list[LeadState]:
        """Leads with what the filter looks at, in the order of their ids."""
        rows = self._select("select_leads_by_id", connection, list(ids))
        rulebooks = {self.moment.schema.tenant: self.needs}
        leads = read_leads(connection, rows, rulebooks)
        load_history(connection, leads, rulebooks, self.moment.now)
        return leads

    def _select(self, name: str, connection: psycopg.Connection, *parts: Any) -> list[tuple[Any, ...]]:
        query = sql(QUERIES[name], self.moment.schema.tenant, *parts)
        return connection.execute(query.text, query.params).fetchall()


def _needs(scope: Scope) -> Rulebook:
    """What must be loaded of leads, as the loader asks for it."""
    empty = compile_rulebook(scope.schema, 0, ())
    return msgspec.structs.replace(
        empty,
        needs_lists=scope.needs_lists,
        needs_records=frozenset(scope.needs_records),
        needs_history=frozenset(scope.needs_history),
    )


def audience_of_smart_list(key: str, schema: TenantSchema, now: datetime) -> Audience:
    """The leads that are on a smart list now. Raises InvalidFilterError where it fits the schema no more."""
    return Audience(whole_list(key), schema, now)


def audience_sql(document: Any, schema: TenantSchema, now: datetime) -> tuple[str, tuple[Any, ...], bool]:
    """The condition over campaigns_lead as `l`, its parameters, and whether it is exact: if not, pass the leads it
    finds to Audience.matches(). Raises InvalidFilterError."""
    audience = Audience(document, schema, now)
    return audience.condition.text, audience.condition.params, audience.narrowed.exact
