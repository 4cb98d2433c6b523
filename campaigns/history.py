"""How often leads did what their tenants' campaigns ask about, counted before a bundle is decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import psycopg

from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.sqltext import Sql, sql
from engine.sql import load

COUNT = load("campaigns.sql", "audience.sql")["count_activities"].rstrip(";")


#: Tenant and question -> the leads asked about, by id.
Asked = Mapping[tuple[str, Any], Mapping[int, LeadState]]


def load_history(
    connection: psycopg.Connection, leads: Iterable[LeadState], rulebooks: Mapping[str, Rulebook], now: datetime
) -> None:
    """Give each lead the counts that its tenant's campaigns ask for: one statement, and none where nobody asks."""
    asked: dict[str, dict[int, LeadState]] = {}
    for lead in leads:
        questions = rulebooks[lead.tenant].needs_history
        if questions:
            lead.history = dict.fromkeys(questions, 0)
            if not lead.is_new:
                asked.setdefault(lead.tenant, {})[lead.id] = lead
    count_history(
        connection,
        {(tenant, question): asked[tenant] for tenant in sorted(asked) for question in rulebooks[tenant].needs_history},
        now,
    )


def count_history(connection: psycopg.Connection, asked: Asked, now: datetime) -> None:
    """Answer questions about the history of leads, all in one statement."""
    if not asked:
        return
    places = list(asked)
    parts = [
        sql(COUNT, place, sorted(asked[tenant, question]), tenant, question.sql(now))
        for place, (tenant, question) in enumerate(places)
    ]
    whole = Sql(" UNION ALL ".join(part.text for part in parts), tuple(item for part in parts for item in part.params))
    for place, lead_id, count in connection.execute(whole.text, whole.params):
        asked[places[place]][lead_id].history[places[place][1]] = count
