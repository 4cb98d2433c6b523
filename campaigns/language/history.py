"""Questions about a lead's history: how often, when first and last an activity happened, and what followed it. The
database answers for what is stored, memory for what the bundle has added since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

import msgspec

from campaigns.language.activity import ActivityRow
from campaigns.language.constraints import Constraint, at
from campaigns.language.context import Context, EventView
from campaigns.language.operator import Moment
from campaigns.language.periods import Period, shift, start_of_day
from campaigns.language.schema import TenantSchema
from campaigns.language.sources import SOURCE_SQL, source_of
from campaigns.language.sqltext import FALSE, Sql, joined, sql

if TYPE_CHECKING:
    from campaigns.language.lead import LeadState
    from campaigns.language.run import Run

FIELD_CHANGED = "field.changed"  #: the event that a person or a program has changed a field

_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)


class Span(msgspec.Struct, frozen=True):
    """When it happened: within a period that ends now, from one day to another, since the run was entered, or ever."""

    zone: ZoneInfo
    period: Period | None = None
    first: date | None = None
    last: date | None = None
    entry: bool = False

    def bounds(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """From an instant on, and before another; None for no bound."""
        if self.period is not None:
            return shift(now, -self.period, self.zone), now + _TICK
        first = None if self.first is None else start_of_day(self.first, self.zone)
        return first, None if self.last is None else start_of_day(self.last + _DAY, self.zone)


class Tally(msgspec.Struct, frozen=True):
    """What is known of the activities that a question is about."""

    count: int = 0
    first: datetime | None = None  #: when they happened
    last: datetime | None = None
    last_is: bool = False  #: the last one is as the question asks it to be

    def with_one(self, when: datetime, is_so: bool) -> Tally:
        """One more; of two at the same time it is the later one."""
        first = when if self.first is None else min(self.first, when)
        if self.last is None or when >= self.last:
            return Tally(self.count + 1, first, when, is_so)
        return Tally(self.count + 1, first, self.last, self.last_is)


class Question(msgspec.Struct, frozen=True):
    """How often was it done, and when? What an action did not do, or did in vain, does not count."""

    kind: str | None  #: of the activities; None for all
    where: tuple[Constraint, ...]
    span: Span
    field: str | None = None  #: only changes of this field
    sources: tuple[str, ...] = ()  #: only what came from one of them; all where there is none
    last_is: tuple[Constraint, ...] = ()  #: what the last one is asked to be
    campaign: int | None = None  #: only what steps of this campaign did

    def counts(self, row: ActivityRow, context: Context) -> bool:
        """Whether an activity is one of them."""
        if (self.kind is not None and row.kind != self.kind) or row.data.get("outcome", "done") != "done":
            return False
        first, beyond = self.span.bounds(context.now)
        if (first is not None and row.occurred_at < first) or (beyond is not None and row.occurred_at >= beyond):
            return False
        if self.field is not None and self.field not in _changed(row):
            return False
        if self.campaign is not None and row.campaign_id != self.campaign:
            return False
        if self.sources and source_of(row) not in self.sources:
            return False
        return all(one.holds(row, context) for one in self.where)

    def sql(self, moment: Moment) -> Sql:
        """The same of a row `a` of campaigns_activity."""
        first, beyond = self.span.bounds(moment.now)
        parts = [Sql("coalesce(a.data ->> 'outcome', 'done') = 'done'")]
        parts += [] if self.kind is None else [sql("a.kind = {}", self.kind)]
        parts += [] if first is None else [sql("a.occurred_at >= {}", first)]
        parts += [] if beyond is None else [sql("a.occurred_at < {}", beyond)]
        parts += [] if self.field is None else [sql(_CHANGED, self.field, FIELD_CHANGED, self.field)]
        parts += [] if self.campaign is None else [sql("a.campaign_id = {}", self.campaign)]
        parts += [sql(f"{SOURCE_SQL} = ANY({{}}::text[])", list(self.sources))] if self.sources else []
        parts += [one.sql(moment) or FALSE for one in self.where]
        return joined("AND", parts)

    def last_sql(self, moment: Moment) -> Sql:
        """Whether a row `a` is as the last one is asked to be."""
        return joined("AND", [one.sql(moment) or FALSE for one in self.last_is])

    def begin(self) -> Tally | Since:
        """What is known before anything is."""
        return Since() if self.span.entry else Tally()

    def note(self, known: Any, row: ActivityRow, context: Context) -> Any:
        """What is known with one more activity."""
        if not self.counts(row, context):
            return known
        if isinstance(known, Tally):
            return known.with_one(row.occurred_at, self.is_so(row, context))
        return Since((*known.rows, row), known.stored)

    def is_so(self, row: ActivityRow, context: Context) -> bool:
        """Whether an activity is as the last one is asked to be."""
        return bool(self.last_is) and all(one.holds(row, context) for one in self.last_is)

    def known(self, known: Any, context: Context) -> Tally:
        """The answer; since the entry, that of the run at hand."""
        return known if isinstance(known, Tally) else known.of(self, context)


_CHANGED = "coalesce(a.data ->> 'field' = {} OR (a.kind = {} AND a.data #>> ARRAY['data', 'field'] = {}), FALSE)"


def _changed(row: ActivityRow) -> tuple[Any, ...]:
    """The field that an activity says was changed, by a step or by an event."""
    own = row.data.get("field")
    return (own, at(row.data, ("data", "field"))) if row.kind == FIELD_CHANGED else (own,)


class Since(msgspec.Struct, frozen=True):
    """What happened since runs were entered: as it was stored, and what has been added."""

    rows: tuple[ActivityRow, ...] = ()
    stored: dict[str, Tally] = {}  #: by the run's id

    def of(self, question: Question, context: Context) -> Tally:
        """What happened since the run at hand was entered."""
        run = context.run
        tally = self.stored.get(run.id, Tally())
        for row in self.rows:
            if _is_since(run, row):
                tally = tally.with_one(row.occurred_at, question.is_so(row, context))
        return tally


def _is_since(run: Run, row: ActivityRow) -> bool:
    """The event that a run was entered for came before it, and what its own steps did after."""
    if row.occurred_at < run.occurred_at:
        return False
    return row.step is not None or row.event_key != entry_key(run.id)


def entry_key(run: str) -> str:
    """The key of the event that a run was entered for."""
    return run.partition(".")[0]


class Sequel(msgspec.Struct, frozen=True):
    """Was one thing done, and another after it within a time?"""

    first: Question
    then: Question
    within: timedelta

    def begin(self) -> Times:
        """What is known before anything is."""
        return Times()

    def note(self, known: Times, row: ActivityRow, context: Context) -> Times:
        """What is known with one more activity; it may have happened before those that are known."""
        when, found, firsts, thens = row.occurred_at, known.found, known.firsts, known.thens
        if self.then.counts(row, context):
            found = found or any(first <= when <= first + self.within for first in firsts)
            thens = (*thens, when)
        if self.first.counts(row, context):
            found = found or any(when < then <= when + self.within for then in thens)
            firsts = (*firsts, when)
        return Times(found, firsts, thens)

    def known(self, known: Any, context: Context) -> Any:
        """The answer."""
        return known

    def sql(self, moment: Moment) -> Sql:
        """The same of a lead `l`: by the times, and by the order in which they were recorded where these are equal."""
        return sql(
            "EXISTS (SELECT FROM {} AS x JOIN {} AS y ON (y.occurred_at, y.id) > (x.occurred_at, x.id)"
            " AND y.occurred_at <= x.occurred_at + {}::interval)",
            sql("(SELECT a.occurred_at, a.id {})", rows_sql(self.first, moment)),
            sql("(SELECT a.occurred_at, a.id {})", rows_sql(self.then, moment)),
            self.within,
        )


class Look(msgspec.Struct, frozen=True, eq=False):
    """What the database says of a lead as it is before a bundle, for what no lead in memory tells. Two of a name are
    the same."""

    name: str
    test: Sql  #: of a lead `l`

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Look) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def begin(self) -> bool:
        """What is said of a lead that is not stored yet."""
        return False

    def note(self, known: bool, row: ActivityRow, context: Context) -> bool:
        """Nothing that happens is taken into account."""
        return known

    def known(self, known: bool, context: Context) -> bool:
        """The answer."""
        return known


class CompanyOf(msgspec.Struct, frozen=True):
    """What is kept of the lead's main company as it is stored: name, fields and score."""

    def begin(self) -> None:
        """Of a lead that is not stored yet nothing is known."""

    def note(self, known: Any, row: ActivityRow, context: Context) -> Any:
        """Nothing that happens is taken into account."""
        return known

    def known(self, known: Any, context: Context) -> Any:
        """The company."""
        return known


class Times(msgspec.Struct, frozen=True):
    """When the one and the other happened lately, and whether they ever did as asked."""

    found: bool = False
    firsts: tuple[datetime, ...] = ()
    thens: tuple[datetime, ...] = ()


def rows_sql(question: Question, moment: Moment) -> Sql:
    """The rows `a` that a question is about, of a lead `l`. Served by the one index of campaigns_activity, on
    (tenant_id, lead_id, id), in each of its months."""
    return sql(
        "FROM campaigns_activity AS a WHERE a.tenant_id = l.tenant_id AND a.lead_id = l.id AND {}", question.sql(moment)
    )


class Asked(Protocol):
    """A question about a history. What is known of the answer is never changed in place."""

    def begin(self) -> Any:
        """What is known before anything is."""

    def note(self, known: Any, row: ActivityRow, context: Context) -> Any:
        """What is known with one more activity."""

    def known(self, known: Any, context: Context) -> Any:
        """The answer."""


class Remembered(dict[Any, Any]):
    """The activities themselves, for clocks that go: each question is asked of all of them. What none of them tells is
    as it was stored."""

    def __init__(self, rows: Iterable[Any], stored: Mapping[Any, Any] | None = None) -> None:
        super().__init__({_ROWS: tuple(rows)})
        self.stored = stored or {}  #: answers that the activities go on from

    def add(self, row: ActivityRow) -> None:
        """One more."""
        self[_ROWS] = (*self[_ROWS], row)

    def ask(self, question: Asked, context: Context) -> Any:
        """The answer as of the context's now."""
        known = self.stored.get(question)
        known = question.begin() if known is None else known
        for row in self[_ROWS]:
            known = question.note(known, row, context)
        return question.known(known, context)


_ROWS = "rows"


def ask(lead: LeadState, question: Asked, context: Context) -> Any:
    """What is known of a lead; of one whose history is not known that nothing was done."""
    history = lead.history
    if isinstance(history, Remembered):
        return history.ask(question, context)
    known = history.get(question)
    return question.known(question.begin() if known is None else known, context)


def counting(
    append: Callable[[ActivityRow], None], history: dict[Any, Any], schema: TenantSchema, now: datetime
) -> Callable[[ActivityRow], None]:
    """The same, counting too: the next filter sees what was done before it in this bundle."""
    context = Context(schema, "", EventView({}, {}), now, now)

    def append_and_count(row: ActivityRow) -> None:
        append(row)
        for question, known in history.items():
            history[question] = question.note(known, row, context)

    def append_and_remember(row: ActivityRow) -> None:
        append(row)
        history.add(row)  # type: ignore[attr-defined]

    return append_and_remember if isinstance(history, Remembered) else append_and_count
