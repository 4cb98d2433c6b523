"""Merge other leads with this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import Effect, SendEvent
from campaigns.language.lead import LeadState
from campaigns.language.leadkeys import LeadKeys
from campaigns.language.merging import END, LEADS_LIMIT, MERGE, MOVE, SCORES, WINNERS, absorb
from campaigns.language.names import name_fault
from campaigns.language.outcome import Failed, NoOp, Skipped
from campaigns.language.parameters import Choice, FieldRefs
from campaigns.language.request import request
from campaigns.language.schema import FieldSpec


class MergeLeadsParams(msgspec.Struct, frozen=True):
    """The other leads, which of all stays, and what it takes from the others."""

    others: Annotated[tuple[str | None, ...], LeadKeys("The keys of the other leads", LEADS_LIMIT)]
    winner: Annotated[str, Choice("Which lead stays", *WINNERS)] = "this"
    prefer_others: Annotated[
        tuple[FieldSpec, ...], FieldRefs("Fields whose value comes from the others, where they have one")
    ] = ()
    score: Annotated[str, Choice("Whose score stays", *SCORES)] = "winner"
    runs: Annotated[
        str, Choice("Whether the others' waiting runs end, or move: go on as those of the lead that stays", END, MOVE)
    ] = END


@action("merge_leads", label="Merge leads", logs="merge_leads", params=MergeLeadsParams, kind="outside")
def merge_leads(lead: LeadState, params: MergeLeadsParams, context: Context) -> list[Effect] | Skipped | Failed:
    """One lead stays, with what it lacked; the others' keys lead to it. Done soon after, not before the next step.
    A run that would move into a campaign where the lead that stays is inside, or may not enter any more, ends."""
    keys = list(dict.fromkeys(key for key in params.others if key is not None))
    if not keys:
        return Skipped("missing: there is no other lead")
    if lead.key in keys:
        return Failed("a lead cannot be merged with itself")
    for key in keys:
        fault = name_fault(key)
        if fault:
            return Failed(f"the key of another lead {fault}")
    data = {
        "others": keys,
        "winner": params.winner,
        "prefer": [spec.key for spec in params.prefer_others],
        "score": params.score,
        "runs": params.runs,
    }
    return [SendEvent(lead.key, MERGE, data, said={"others": keys})]


@request(MERGE, logs="merge_leads", records=["consent"])
def merge(lead: LeadState, data: Mapping[str, Any], context: Context) -> Sequence[Effect] | NoOp | Skipped:
    """Whoever was deleted or does not exist is left out."""
    if not lead.beside:
        return Skipped("missing: none of the other leads exists")
    return list(absorb(lead, lead.beside, data, context.schema))
