"""What leads did of what their tenants' campaigns ask about, looked up before a bundle is decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from campaigns.language.history import CompanyOf, Look, Question, Sequel, Tally, Times, entry_key
from campaigns.language.lead import LeadState
from campaigns.language.leadtimes import LeadTimes, TimesOf
from campaigns.language.operator import Moment
from campaigns.language.rulebook import Rulebook
from campaigns.language.sqltext import FALSE, Sql, sql
from engine.sql import load

QUERIES = load("campaigns.sql", "history.sql")
#: Times of each of two things that memory compares with what a bundle adds: it is out of order hardly ever.
TIMES_KEPT = 100
#: Questions that no activity answers.
LOOKED_UP = (Look, CompanyOf, TimesOf)

#: Leads of one tenant by their id.
Leads = Mapping[int, LeadState]
#: Tenant and question -> the leads asked about.
Places = Mapping[tuple[str, Any], Leads]


def load_history(
    connection: psycopg.Connection, leads: Iterable[LeadState], rulebooks: Mapping[str, Rulebook], now: datetime
) -> None:
    """Give each lead the answers that its tenant's campaigns ask for: one statement, and none where nobody asks."""
    asked: dict[str, dict[int, LeadState]] = {}
    for lead in leads:
        questions = rulebooks[lead.tenant].needs_history
        if questions:
            lead.history = {question: question.begin() for question in questions}
            if not lead.is_new:
                asked.setdefault(lead.tenant, {})[lead.id] = lead
    places = {(tenant, question): asked[tenant] for tenant in asked for question in rulebooks[tenant].needs_history}
    count_history(connection, places, rulebooks, now)


def load_stored(
    connection: psycopg.Connection,
    leads: Sequence[LeadState],
    rulebook: Rulebook,
    now: datetime,
    kinds: tuple[type, ...] = LOOKED_UP,
) -> None:
    """Give leads of one tenant the answers that no activity tells, as they are stored now: for who looks back."""
    by_id = {lead.id: lead for lead in leads}
    questions = [question for question in rulebook.needs_history if isinstance(question, kinds)]
    for lead in leads:
        lead.history = {question: question.begin() for question in questions}
    tenant = rulebook.schema.tenant
    count_history(connection, {(tenant, question): by_id for question in questions}, {tenant: rulebook}, now)


def count_history(
    connection: psycopg.Connection, asked: Places, rulebooks: Mapping[str, Rulebook], now: datetime
) -> None:
    """Answer questions about the history of leads, all in one statement."""
    moments = {tenant: Moment(rulebooks[tenant].schema, now) for tenant, _ in asked}
    places = list(asked)
    parts = [part for place, key in enumerate(places) for part in _part(place, key[1], asked[key], moments[key[0]])]
    if not parts:
        return
    whole = Sql(" UNION ALL ".join(part.text for part in parts), tuple(item for part in parts for item in part.params))
    for place, lead_id, *found in connection.execute(whole.text, whole.params):
        _keep(asked[places[place]][lead_id], places[place][1], *found)


def _part(place: int, question: Any, leads: Leads, moment: Moment) -> Iterator[Sql]:
    """The question in SQL; none where it is asked of no run."""
    tenant = moment.schema.tenant
    if isinstance(question, Look):
        yield sql(_query("select_looks"), place, question.test, tenant, sorted(leads))
    elif isinstance(question, CompanyOf):
        yield sql(_query("select_companies"), place, tenant, sorted(leads))
    elif isinstance(question, TimesOf):
        yield sql(_query("select_times"), place, tenant, sorted(leads))
    elif isinstance(question, Sequel):
        first, then = question.first.sql(moment), question.then.sql(moment)
        lists = [part for one in (first, then) for part in (one, TIMES_KEPT)]
        yield sql(_query("select_sequels"), place, question.sql(moment), *lists, tenant, sorted(leads))
    elif not isinstance(question, Question) or not question.span.entry:
        last, test = _last(question, moment), question.sql(moment)
        yield sql(_query("count_activities"), place, last, sorted(leads), tenant, test)
    elif runs := [(id, run) for id in sorted(leads) for run in leads[id].runs.values()]:
        ids, keys = [id for id, _ in runs], [entry_key(run.id) for _, run in runs]
        since = [datetime.fromisoformat(run.state["at"]) for _, run in runs]
        last, test = _last(question, moment), question.sql(moment)
        names = [run.id for _, run in runs]
        yield sql(_query("count_activities_of_runs"), place, last, ids, names, since, keys, tenant, test)


def _last(question: Any, moment: Moment) -> Sql:
    """Whether the last of the rows in a group is as the question asks it to be."""
    if not isinstance(question, Question) or not question.last_is:
        return FALSE
    return sql("(array_agg({} ORDER BY a.occurred_at DESC, a.id DESC))[1]", question.last_sql(moment))


def _query(name: str) -> str:
    return QUERIES[name].rstrip(";")


def _keep(lead: LeadState, question: Any, run: str | None, *found: Any) -> None:
    count, first, last, is_so, firsts, thens = found
    if isinstance(question, Look):
        lead.history[question] = is_so
    elif isinstance(question, CompanyOf):
        lead.history[question] = None if run is None else msgspec.json.decode(run)
    elif isinstance(question, TimesOf):
        lead.history[question] = LeadTimes(first, last)
    elif isinstance(question, Sequel):
        lead.history[question] = Times(is_so, tuple(firsts), tuple(thens))
    elif not isinstance(question, Question):
        lead.history[question] = count
    elif run is None:
        lead.history[question] = Tally(count, first, last, is_so)
    else:
        lead.history[question].stored[run] = Tally(count, first, last, is_so)
