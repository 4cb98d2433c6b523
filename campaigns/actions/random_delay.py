"""Wait for a time left to chance."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Done, Parked
from campaigns.language.parameters import Choice
from campaigns.language.periods import Period, shift
from campaigns.language.run import Run
from campaigns.language.waiting import rest_until
from campaigns.language.waitkinds import WaitPeriod


class RandomDelayParams(msgspec.Struct, frozen=True):
    """Between what, and how likely each is."""

    least: Annotated[Period, WaitPeriod("At least so long", least=0)] = msgspec.field(name="min")
    most: Annotated[Period, WaitPeriod("At most so long", over="min")] = msgspec.field(name="max")
    distribution: Annotated[
        str, Choice("All alike, mostly about the middle, or mostly soon", "uniform", "middle", "early")
    ] = "uniform"


@action(
    "random_delay",
    label="Wait for a random time",
    logs="wait_ended",
    params=RandomDelayParams,
    kind="flow",
    parks=True,
    example={"min": {"amount": 1, "unit": "hours"}, "max": {"amount": 2, "unit": "days"}},
)
def random_delay(lead: LeadState, params: RandomDelayParams, context: Context) -> Parked | Done:
    """The run rests for a time between the two: drawn from the run's id, so the same however often it is executed."""
    return rest_until(context.run.until or _end(params, context), context)


def _end(params: RandomDelayParams, context: Context) -> datetime:
    zone = context.schema.zone
    least, most = (shift(context.now, period, zone) for period in (params.least, params.most))
    return least + max(most - least, least - least) * _share(context.run, params.distribution)


def _share(run: Run, distribution: str) -> float:
    """From 0 to 1. Another time in the same run, or at another step, it is another."""
    digest = hashlib.blake2b(f"{run.id}/{run.step}/{run.waits}".encode(), digest_size=16).digest()
    draws = [int.from_bytes(digest[place : place + 4], "big") / 0xFFFFFFFF for place in (0, 4, 8, 12)]
    if distribution == "middle":
        return sum(draws) / len(draws)
    return draws[0] ** 2 if distribution == "early" else draws[0]
