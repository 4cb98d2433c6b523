"""Try several variants on some, and give the others the one that did best."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.chances import SHARES, is_within, share_of
from campaigns.language.context import Context
from campaigns.language.effects import LogActivity, PutRecord, PutShared
from campaigns.language.experimentkinds import ResultTrigger, Variant, Variants
from campaigns.language.experiments import AB_TEST, TOO_SMALL, counted, key_of, rates_of, winner_of
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Apply, Enter
from campaigns.language.parameters import Choice, WholeNumber
from campaigns.language.periods import Period, shift
from campaigns.language.shared import EXPERIMENT
from campaigns.language.trigger import Subscription
from campaigns.language.waitkinds import WaitPeriod


class AbTestParams(msgspec.Struct, frozen=True):
    """What is tried, on how many, and when it is decided."""

    variants: Annotated[tuple[Variant, ...], Variants("The variants, each with its label and its steps")]
    metric: Annotated[
        Subscription,
        ResultTrigger("What counts as a result: a goal reached, a message opened or clicked, an event; a trigger"),
    ]
    within: Annotated[Period, WaitPeriod("How long after the variant a result still counts")]
    decide_after: Annotated[Period, WaitPeriod("How long after the first lead of the test the winner is chosen")]
    minimum: Annotated[int, WholeNumber("How many leads each variant must have had by then", 1, 10_000_000)] = 100
    rule: Annotated[
        str,
        Choice(
            "Whether the highest rate wins, or only one that differs from the second by more than chance, at 95 %",
            "highest",
            "significant",
        ),
    ] = "highest"
    share: Annotated[
        int, WholeNumber("How many of a hundred leads are in the test; others get the first variant", 1, 100)
    ] = 100
    holdout: Annotated[int, WholeNumber("How many of a hundred take none of the variants, ever", 0, 99)] = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the variants, in order."""
        return tuple(one.label for one in self.variants)


@action(
    "ab_test",
    label="Test variants",
    logs="variant_assigned",
    params=AbTestParams,
    kind="flow",
    records=[AB_TEST, EXPERIMENT],
    writes=[],
)
def ab_test(lead: LeadState, params: AbTestParams, context: Context) -> Enter | Apply:
    """The steps of one variant run, then those after the test. Leads in the test stay with theirs until a winner is
    chosen; from then on all get that one. While too few leads say which one it is, the test goes on."""
    key = key_of(context.run.campaign.key, context.run.step, params.labels)
    who = (lead.tenant, key, lead.key)
    if is_within(params.holdout, "holdout", *who):
        return Enter(body=None, said={"variant": "holdout"})
    state: dict[str, Any] = lead.shared.get(EXPERIMENT, key, make=True) or {}
    if "winner" in state:
        return _enter(params, state["winner"], winner=True)
    is_due = "first" in state and context.now >= _decided_at(state, params, context)
    winner = _winner(state, params) if is_due else None
    if winner is not None:
        return _choose(key, state, winner, params, context)
    known = lead.records.get((AB_TEST, key))
    more = {"undecided": TOO_SMALL} if is_due else {}
    if known is not None:
        return _enter(params, known["variant"], **more)
    if not is_within(params.share, "tested", *who):
        return _enter(params, params.labels[0], tested=False, **more)
    label = params.labels[share_of("variant", *who) * len(params.labels) // SHARES]
    return _assign(key, state, label, params, context, more)


def _enter(params: AbTestParams, label: str, **more: Any) -> Enter:
    body = next(one.body for one in params.variants if one.label == label)
    return Enter(body=body, said={"variant": label, **more})


def _decided_at(state: dict[str, Any], params: AbTestParams, context: Context) -> datetime:
    return shift(datetime.fromisoformat(state["first"]), params.decide_after, context.schema.zone)


def _winner(state: dict[str, Any], params: AbTestParams) -> str | None:
    return winner_of(state, params.labels, params.minimum, significant=params.rule == "significant")


def _choose(key: str, state: dict[str, Any], winner: str, params: AbTestParams, context: Context) -> Apply:
    """The winner is chosen by the first lead that comes when it can be, and stays the winner."""
    sample = {label: count["leads"] for label, count in state["variants"].items()}
    told = LogActivity("winner_chosen", {"variant": winner, "rates": rates_of(state), "sample": sample})
    chosen = {**state, "winner": winner, "chosen_at": context.now.isoformat()}
    return Apply(effects=(PutShared(EXPERIMENT, key, chosen), told), then=_enter(params, winner, winner=True))


def _assign(
    key: str, state: dict[str, Any], label: str, params: AbTestParams, context: Context, more: dict[str, Any]
) -> Apply:
    now = context.now.isoformat()
    new = {"first": now, **counted(state, label, "leads")}
    record = PutRecord(AB_TEST, key, {"variant": label, "at": now}, quiet=True)
    return Apply(effects=(PutShared(EXPERIMENT, key, new), record), then=_enter(params, label, **more))
