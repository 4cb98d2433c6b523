"""Deal leads out to several ways."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.chances import is_within, share_of
from campaigns.language.context import Context
from campaigns.language.flowkinds import Way, Ways
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Enter
from campaigns.language.parameters import Key, Literal, WholeNumber


class RandomSplitParams(msgspec.Struct, frozen=True):
    """The ways and their weights."""

    ways: Annotated[tuple[Way, ...], Ways("The ways, each with its label, its weight in percent and its steps")]
    sticky: Annotated[bool, Literal("Whether a lead takes the same way each time", "boolean")] = True
    namespace: Annotated[
        str | None, Key("Splits of one namespace deal leads out alike; this step's own unless given")
    ] = None
    holdout: Annotated[int, WholeNumber("How many of a hundred take none of the ways", 0, 99)] = 0


@action("random_split", label="Random split", logs="split_assigned", params=RandomSplitParams, kind="flow")
def random_split(lead: LeadState, params: RandomSplitParams, context: Context) -> Enter:
    """The steps of one way run, then those after the split. Weights do not move those held out."""
    run = context.run
    namespace = params.namespace or f"{run.campaign.key}.{run.step}"
    who = (lead.tenant, namespace, lead.key if params.sticky else run.id)
    if is_within(params.holdout, "holdout", *who):
        return Enter(body=None, said={"label": "holdout"})
    way = pick(params.ways, share_of("split", *who))
    return Enter(body=way.body, said={"label": way.label})


def pick(ways: tuple[Way, ...], share: int) -> Way:
    """The way that a share out of 10,000 falls to; weights are percentages."""
    until = 0
    for way in ways:
        until += way.weight * 100
        if share < until:
            return way
    return ways[-1]
