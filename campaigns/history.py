"""What is asked about leads by their tenants' campaigns, looked up before a bundle is decided: in one statement, whose
rows are a lead and the answer to one question about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import psycopg

from campaigns.language.history import CompanyOf, Look, Question, Sequel, Tally, Times, entry_key
from campaigns.language.lead import LeadState
from campaigns.language.leadtimes import LeadTimes, TimesOf
from campaigns.language.operator import Moment
from campaigns.language.rulebook import Rulebook
from campaigns.language.sqltext import FALSE, Sql, sql
from campaigns.language.timing import Silence
from engine.sql import load

QUERIES = {name: query.rstrip(";") for name, query in load("campaigns.sql", "history.sql").items()}
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
    if not any(rulebook.needs_history for rulebook in rulebooks.values()):
        return
    asked: dict[str, dict[int, LeadState]] = {}
    for lead in leads:
        questions = rulebooks[lead.tenant].needs_history
        if questions:
            lead.history = {question: question.begin() for question in questions}
            if not lead.is_new:
                asked.setdefault(lead.tenant, {})[lead.id] = lead
    places = {(tenant, question): asked[tenant] for tenant in asked for question in rulebooks[tenant].needs_history}
    answer_questions(connection, places, rulebooks, now)


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
    answer_questions(connection, {(tenant, question): by_id for question in questions}, {tenant: rulebook}, now)


def answer_questions(
    connection: psycopg.Connection, asked: Places, rulebooks: Mapping[str, Rulebook], now: datetime
) -> None:
    """Answer questions about leads, all in one statement."""
    moments = {tenant: Moment(rulebooks[tenant].schema, now) for tenant, _ in asked}
    places = list(asked)
    parts = []
    for place, (tenant, question) in enumerate(places):
        query = _kind_of(question).ask(question, asked[tenant, question], moments[tenant])
        if query is not None:
            parts.append(sql("SELECT {}::integer, q.lead_id, q.answer::text FROM ({}) AS q", place, query))
    if not parts:
        return
    whole = Sql(" UNION ALL ".join(part.text for part in parts), tuple(item for part in parts for item in part.params))
    for place, lead_id, said in connection.execute(whole.text, whole.params):
        question = places[place][1]
        _keep(asked[places[place]][lead_id], question, _kind_of(question).read(said))


class Kind(NamedTuple):
    """How questions of a kind are asked, and how what a row answers is read. Leads without a row are as they began."""

    ask: Callable[[Any, Leads, Moment], Sql | None]
    read: Callable[[str], Any]


class OfRun(msgspec.Struct, frozen=True):
    """What happened since one run of the lead was entered."""

    run: str
    tally: Tally


def _keep(lead: LeadState, question: Any, answer: Any) -> None:
    if isinstance(answer, OfRun):
        lead.history[question].stored[answer.run] = answer.tally
    else:
        lead.history[question] = answer


def _tallies(question: Question, leads: Leads, moment: Moment) -> Sql:
    parts = sorted(leads), _last(question, moment), moment.schema.tenant, question.sql(moment)
    return sql(QUERIES["tally_activities"], *parts)


def _tallies_of_runs(question: Question, leads: Leads, moment: Moment) -> Sql | None:
    """None where no lead has a run."""
    runs = [(id, run) for id in sorted(leads) for run in leads[id].runs.values()]
    if not runs:
        return None
    ids, names = [id for id, _ in runs], [run.id for _, run in runs]
    since, keys = [datetime.fromisoformat(run.state["at"]) for _, run in runs], [entry_key(name) for name in names]
    parts = ids, names, since, keys, _last(question, moment), moment.schema.tenant, question.sql(moment)
    return sql(QUERIES["tally_activities_of_runs"], *parts)


def _last(question: Question, moment: Moment) -> Sql:
    """Whether the last of the rows in a group is as the question asks it to be."""
    if not question.last_is:
        return FALSE
    return sql("(array_agg({} ORDER BY a.occurred_at DESC, a.id DESC))[1]", question.last_sql(moment))


def _sequels(question: Sequel, leads: Leads, moment: Moment) -> Sql:
    first, then = question.first.sql(moment), question.then.sql(moment)
    parts = question.sql(moment), first, TIMES_KEPT, then, TIMES_KEPT, moment.schema.tenant, sorted(leads)
    return sql(QUERIES["select_sequels"], *parts)


def _counts(question: Silence, leads: Leads, moment: Moment) -> Sql:
    return sql(QUERIES["count_activities"], sorted(leads), moment.schema.tenant, question.sql(moment))


def _looks(question: Look, leads: Leads, moment: Moment) -> Sql:
    return sql(QUERIES["select_looks"], question.test, moment.schema.tenant, sorted(leads))


def _companies(question: CompanyOf, leads: Leads, moment: Moment) -> Sql:
    return sql(QUERIES["select_companies"], moment.schema.tenant, sorted(leads))


def _times(question: TimesOf, leads: Leads, moment: Moment) -> Sql:
    return sql(QUERIES["select_times"], moment.schema.tenant, sorted(leads))


KINDS: dict[type, Kind] = {
    Question: Kind(_tallies, msgspec.json.Decoder(Tally).decode),
    Sequel: Kind(_sequels, msgspec.json.Decoder(Times).decode),
    Silence: Kind(_counts, msgspec.json.Decoder(int).decode),
    Look: Kind(_looks, msgspec.json.Decoder(bool).decode),
    CompanyOf: Kind(_companies, msgspec.json.Decoder(dict[str, Any]).decode),
    TimesOf: Kind(_times, msgspec.json.Decoder(LeadTimes).decode),
}
SINCE_ENTRY = Kind(_tallies_of_runs, msgspec.json.Decoder(OfRun).decode)


def _kind_of(question: Any) -> Kind:
    return SINCE_ENTRY if isinstance(question, Question) and question.span.entry else KINDS[type(question)]
