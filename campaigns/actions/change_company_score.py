"""Raise, lower or set the score of the lead's companies."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.bounds import clamp, moved
from campaigns.language.companies import RECORDS, companies, company, put_company
from campaigns.language.context import Context
from campaigns.language.effects import Effect
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed, Skipped
from campaigns.language.parameters import Choice, Literal, Value

SCORE_LIMIT = 2**31 - 1


class ChangeCompanyScoreParams(msgspec.Struct, frozen=True):
    """By how much, or to what, and of which companies."""

    amount: Annotated[int | None, Value("How many points", "integer", nullable=False)]
    op: Annotated[str, Choice("What to do with them", "add", "sub", "set")] = "add"
    companies: Annotated[str, Choice("Of which of the lead's companies", "all", "primary")] = "all"
    min: Annotated[int | None, Literal("The score is at least this", "integer")] = None
    max: Annotated[int | None, Literal("The score is at most this", "integer")] = None
    reason: Annotated[str | None, Value("Logged with the change", "string")] = None


@action(
    "change_company_score",
    label="Change the company's score",
    logs="company_score_changed",
    params=ChangeCompanyScoreParams,
    records=RECORDS,
)
def change_company_score(
    lead: LeadState, params: ChangeCompanyScoreParams, context: Context
) -> list[Effect] | Skipped | Failed:
    """The companies' scores go up or down by the amount, or become it; held between `min` and `max`. Leads of one
    company add to the same score, whatever happens at once."""
    if params.amount is None:
        return Skipped("missing: there is no number of points")
    main = lead.values.get("company")
    names = companies(lead) if params.companies == "all" else [main] if main else []
    reason = {"reason": params.reason} if params.reason else {}
    effects: list[Effect] = []
    for name in names:
        held = company(lead, name)
        if held is None:  # deleted meanwhile
            continue
        new = clamp(moved(held["score"], params.op, params.amount), params.min, params.max)
        if abs(new) > SCORE_LIMIT:
            return Failed(f"the score of {name} is out of range: it has 32 bits")
        said = {"old": held["score"], "new": new, "change": new - held["score"]} | reason
        effects.append(put_company(name, held | {"score": new}, "score", said))
    return effects or Skipped("missing: the lead belongs to no company")
