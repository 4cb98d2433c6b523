"""Lower the score of a lead of whom nothing was heard."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, PutRecord, SetField
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, NoOp, Skipped
from campaigns.language.parameters import Choice, WholeNumber
from campaigns.language.periods import start_of_week
from campaigns.language.pointkinds import Points


class DecayScoreParams(msgspec.Struct, frozen=True):
    """By how much, how often at most, and how low."""

    percent: Annotated[int | None, WholeNumber("By how much of it, in per cent; this or amount", 1, 100)] = None
    per: Annotated[str, Choice("At most once in each", "day", "week", "month")] = "month"
    floor: Annotated[int, WholeNumber("It does not fall below this", 0, 1_000_000)] = 0
    amount: Annotated[int | None, Points("By how many points; this or percent")] = None


@action(
    "decay_score",
    label="Decay the score",
    logs="change_score",
    params=DecayScoreParams,
    records=["decay"],
    writes=["field:score"],
    one_of=["percent", "amount"],
    example={"percent": 10},
)
def decay_score(lead: LeadState, params: DecayScoreParams, context: Context) -> list[Effect] | NoOp | Skipped | Failed:
    """The score falls by that part, rounded up, or by that many points, once in each calendar day, week or month of the
    tenant."""
    period = _period(context.schema.day(context.occurred_at), params.per, context.schema.week_start)
    if lead.records.get(("decay", "score"), {}).get("period") == period:
        return NoOp()
    old = lead.values.get("score") or 0
    points = params.amount if params.percent is None else -(-old * params.percent // 100)
    if points is None:
        return Skipped("missing: there is no number of points")
    if params.percent is None and points < 1:
        return Failed(f"amount: {points} points are none to fall by; give at least 1")
    new = max(params.floor, old - points) if old > params.floor else old
    detail = {"change": new - old, "reason": "decay"}
    return [SetField("score", new, detail), PutRecord("decay", "score", {"period": period}, quiet=True)]


def _period(day: date, per: str, week_start: int) -> str:
    if per == "week":
        return f"week of {start_of_week(day, week_start)}"
    return day.isoformat() if per == "day" else f"{day:%Y-%m}"
