"""Questions about a lead's history: how often an activity happened. The database counts what is stored, memory what
the bundle has added since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from campaigns.language.activity import ActivityRow
from campaigns.language.periods import Period, shift, start_of_day
from campaigns.language.sqltext import Sql, joined, sql

_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)


class Span(msgspec.Struct, frozen=True):
    """When it happened: within a period that ends now, from one day to another, or ever."""

    zone: ZoneInfo
    period: Period | None = None
    first: date | None = None
    last: date | None = None

    def bounds(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """From an instant on, and before another; None for no bound."""
        if self.period is not None:
            return shift(now, -self.period, self.zone), now + _TICK
        first = None if self.first is None else start_of_day(self.first, self.zone)
        return first, None if self.last is None else start_of_day(self.last + _DAY, self.zone)


class Question(msgspec.Struct, frozen=True):
    """How often was it done? What an action did not do, or did in vain, does not count."""

    kind: str | None  #: of the activities; None for all
    #: places in their data, and the texts of which one must be there
    where: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    span: Span

    def counts(self, row: ActivityRow, now: datetime) -> bool:
        """Whether an activity is one of them."""
        if self.kind is not None and row.kind != self.kind:
            return False
        if row.data.get("outcome", "done") != "done":
            return False
        first, beyond = self.span.bounds(now)
        if (first is not None and row.occurred_at < first) or (beyond is not None and row.occurred_at >= beyond):
            return False
        return all(_text_at(row.data, path) in texts for path, texts in self.where)

    def sql(self, now: datetime) -> Sql:
        """The same of a row `a` of campaigns_activity."""
        first, beyond = self.span.bounds(now)
        parts = [Sql("coalesce(a.data ->> 'outcome', 'done') = 'done'")]
        parts += [] if self.kind is None else [sql("a.kind = {}", self.kind)]
        parts += [] if first is None else [sql("a.occurred_at >= {}", first)]
        parts += [] if beyond is None else [sql("a.occurred_at < {}", beyond)]
        parts += [
            sql("coalesce(a.data #>> {}::text[] = ANY({}::text[]), FALSE)", list(path), list(texts))
            for path, texts in self.where
        ]
        return joined("AND", parts)


def _text_at(data: Any, path: tuple[str, ...]) -> str | None:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return text_of(data)


def text_of(value: Any) -> str | None:
    """A value as the database writes it out of JSON; None for what is no single value."""
    if value is None or isinstance(value, dict | list | tuple | set | frozenset):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def counting(
    append: Callable[[ActivityRow], None], history: dict[Question, int], now: datetime
) -> Callable[[ActivityRow], None]:
    """The same, counting too: the next filter sees what was done before it in this bundle."""

    def append_and_count(row: ActivityRow) -> None:
        append(row)
        for question in history:
            if question.counts(row, now):
                history[question] += 1

    return append_and_count
