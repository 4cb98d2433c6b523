"""Merging leads in memory: which one stays, and what it takes from the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from campaigns.language.effects import ChangeTags, Effect, Emit, JoinList, MergeLead, PutRecord, SetField
from campaigns.language.lead import LeadState
from campaigns.language.schema import TenantSchema

MERGE = "lead.merge_requested"
LEADS_LIMIT = 25
WINNERS = ("this", "oldest", "highest_score")
SCORES = ("winner", "highest", "sum")
END, MOVE = "end", "move"  #: what becomes of the others' parked runs


def current(lead: LeadState) -> LeadState:
    """The lead, or the one that it was merged into."""
    while lead.winner is not None:
        lead = lead.winner
    return lead


def winner_of(lead: LeadState, others: Iterable[LeadState], rule: str, now: datetime) -> LeadState:
    """The lead that stays, with those beside it that are merged into it. Who is deleted or frozen takes no part."""
    known = {id(one): one for one in map(current, others) if one is not lead and _may_be_merged(one, now)}
    everybody = [lead, *known.values()]
    if rule == "this" or not _may_be_merged(lead, now):
        winner = lead
    elif rule == "oldest":
        winner = min(everybody, key=lambda one: one.id)
    else:
        winner = max(everybody, key=lambda one: (one.values.get("score") or 0, -one.id))
    winner.beside = tuple(one for one in everybody if one is not winner)
    return winner


def _may_be_merged(lead: LeadState, now: datetime) -> bool:
    return lead.deleted_at is None and (lead.frozen_until is None or lead.frozen_until <= now)


def absorb(
    winner: LeadState, others: Sequence[LeadState], data: Mapping[str, Any], schema: TenantSchema
) -> Iterator[Effect]:
    """What the winner takes: it keeps what it has, unless told otherwise; of the others the first counts."""
    for other in others:
        yield MergeLead(other)
    yield from _fields(winner, others, data["prefer"], schema)
    yield SetField("score", _score([winner, *others], data["score"]))
    yield ChangeTags(frozenset().union(*(other.tags for other in others)))
    for key in sorted({key for other in others for key in other.lists}):
        yield JoinList(key)
    yield from _records(winner, others)
    yield from _consents([winner, *others])
    for other in others:
        yield Emit("lead.merged", {"loser": other.key})


def _fields(
    winner: LeadState, others: Sequence[LeadState], preferred: Collection[str], schema: TenantSchema
) -> Iterator[SetField]:
    given: set[str] = {"score"}
    for other in others:
        for name, value in other.values.items():
            spec = schema.fields.get(name)
            if name in given or spec is None or (winner.values.get(name) is not None and name not in preferred):
                continue
            given.add(name)
            yield SetField(name, value)


def _score(everybody: Sequence[LeadState], rule: str) -> int:
    scores = [one.values.get("score") or 0 for one in everybody]
    if rule == "sum":
        return sum(scores)
    return max(scores) if rule == "highest" else scores[0]


def _records(winner: LeadState, others: Sequence[LeadState]) -> Iterator[PutRecord]:
    """Those that the winner lacks."""
    given = set(winner.records)
    for other in others:
        for place, kept in other.records.items():
            if place[0] != "consent" and place not in given:
                given.add(place)
                yield PutRecord(*place, kept, quiet=True)


def _consents(everybody: Sequence[LeadState]) -> Iterator[PutRecord]:
    """They are never overwritten: everybody's stay, in the order of their time."""
    found: dict[str, list[dict[str, Any]]] = {}
    for lead in everybody:
        for (kind, key), kept in sorted(lead.records.items()):
            if kind == "consent":
                found.setdefault(key.rpartition(":")[0], []).append(kept)
    for purpose, rows in found.items():
        for number, kept in enumerate(sorted(rows, key=lambda row: row["at"]), start=1):
            yield PutRecord("consent", f"{purpose}:{number:06d}", kept, quiet=True)
