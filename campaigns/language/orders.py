"""What steps ask of the interpreter that touches other runs of the lead: execute a campaign, end runs, begin anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from campaigns.language import compensation, erasure, grouping, joining, parking
from campaigns.language.context import Context, EventView
from campaigns.language.entering import qualify, start
from campaigns.language.entry import closed
from campaigns.language.outcome import (
    Apply,
    CloseGroup,
    Done,
    Ended,
    Execute,
    Failed,
    Join,
    Mark,
    NoOp,
    OpenGroup,
    Order,
    Outcome,
    Parked,
    RemoveRuns,
    RequestErasure,
    Restart,
    Skipped,
    Undo,
)
from campaigns.language.parking import DEPTH_LIMIT
from campaigns.language.rulebook import Campaign
from campaigns.language.run import Run
from campaigns.language.schema import CAMPAIGN_REQUESTED

if TYPE_CHECKING:
    from campaigns.language.interpreter import Chain
    from campaigns.language.program import Step


def carry_out(chain: Chain, run: Run, step: Step, order: Order) -> Outcome | None:
    """What came of an order; None when the run rests or is over by it."""
    match order:
        case Execute():
            return _execute(chain, run, step, order)
        case RemoveRuns():
            return _remove(chain, run, order)
        case Restart():
            return _restart_other(chain, run, order) if order.campaign else _restart_own(chain, run, step, order)
        case OpenGroup():
            return grouping.open_group(chain, run, step, order)
        case CloseGroup():
            return grouping.close_group(chain, run)
        case Apply():
            return _apply(chain, run, step, order)
        case Join():
            return joining.join(chain, run, step, order)
        case Mark():
            return compensation.go_on(chain, run, order) if order.undone else compensation.mark(run, order)
        case Undo():
            return compensation.end_undoing(chain, run, order)
        case RequestErasure():
            return erasure.begin(chain, run, step, order)
    raise TypeError(f"nobody carries out {order}")


def _apply(chain: Chain, run: Run, step: Step, order: Apply) -> Outcome:
    for effect in order.effects:
        told = chain.changes.apply(effect)
        if told is not None:
            chain.log(told[0] or step.logs, told[1], run.campaign, step.id)
    return order.then


def _execute(chain: Chain, run: Run, step: Step, order: Execute) -> Outcome | None:
    """Begin the other campaign's run as a child; its end has the step executed again."""
    refused = _refusal(chain, run, order.campaign)
    if refused is not None:
        return refused
    with _requested(chain, run, order.data):
        campaign = _admitting(chain, order.campaign)
        key = None if campaign is None else qualify(chain, campaign)
        if campaign is None or key is None:
            return Done(said={"campaign": order.campaign, "qualified": False})
        parking.park(chain, run, step, Parked(quiet=True))
        with parking.dropping(chain, run):
            start(chain, campaign, key, run.id)
    return None


def _refusal(chain: Chain, run: Run, key: str) -> Failed | None:
    """Why a campaign cannot run for this one at all."""
    campaign = _live(chain, key)
    if campaign is None or key not in chain.rulebook.requestable or campaign.pause:
        return Failed(
            f"campaign {key} is not active or has no trigger campaign_requested; activate it, or leave it out"
        )
    if run.depth >= DEPTH_LIMIT:
        return Failed(f"more than {DEPTH_LIMIT} campaigns and events followed one from another")
    return None


def _live(chain: Chain, key: str) -> Campaign | None:
    """The version of a campaign that takes new runs."""
    return next((campaign for campaign in chain.rulebook.campaigns if campaign.key == key), None)


def _admitting(chain: Chain, key: str) -> Campaign | None:
    """The campaign, if it lets the lead in and its trigger and filter admit it."""
    lead, context = chain.lead, chain.context
    for campaign, test in chain.rulebook.by_event[CAMPAIGN_REQUESTED].subscribers(key):
        if campaign.key == key and (test is None or test(lead, context)):
            if closed(campaign.entry, key, lead):
                return None
            return campaign if campaign.filter is None or campaign.filter(lead, context) else None
    return None


@contextmanager
def _requested(chain: Chain, run: Run, data: dict[str, Any]) -> Iterator[None]:
    """While the block runs, what begins is asked for by this run."""
    rulebook, before, depth = chain.rulebook, chain.context, chain.changes.depth
    view = EventView(data, {})
    chain.context = Context(
        rulebook.schema, CAMPAIGN_REQUESTED, view, chain.now, before.occurred_at, run.depth + 1, rulebook.requestable
    )
    chain.changes.depth = run.depth + 1
    yield
    chain.context, chain.changes.depth = before, depth


def _remove(chain: Chain, run: Run, order: RemoveRuns) -> Outcome:
    key = order.campaign or run.campaign.key
    concerned = (lambda one: order.tag in one.tags) if order.tag else (lambda one: one.key == key)
    count = _end_runs(chain, run, concerned, order.reason)
    if concerned(run.campaign):
        return Ended(order.reason)
    said = {"tag": order.tag} if order.tag else {"campaign": key}
    return Done(said={**said, "runs": count, "reason": order.reason}) if count else NoOp()


def _end_runs(chain: Chain, run: Run, concerned: Callable[[Campaign], bool], label: str) -> int:
    """End the lead's runs of some campaigns, but for the one that asks. Returns how many."""
    count = 0
    for parked, campaign in parking.inside(chain):
        if parked.id != run.id and concerned(campaign):
            parking.end(chain, parked, campaign, label)
            count += 1
    return count


def _restart_own(chain: Chain, run: Run, step: Step, order: Restart) -> Outcome | None:
    """The run ends here and another begins, for the same event."""
    campaign = _live(chain, run.campaign.key)
    if campaign is None or run.depth >= DEPTH_LIMIT:
        return Failed("the campaign takes no new runs, or too many followed one from another")
    _remember(chain, order)
    chain.log(step.logs, {**order.said, "outcome": "done"}, run.campaign, step.id)
    run.parked = True  # it goes no further
    parent, run.parent = run.parent, ""  # who waits for it waits for the new one
    parking.finish(chain, run, "restarted")
    run.depth += 1
    with chain.surroundings(run):
        start(chain, campaign, run.key, parent)
    return None


def _restart_other(chain: Chain, run: Run, order: Restart) -> Outcome:
    refused = _refusal(chain, run, order.campaign)
    if refused is not None:
        return refused
    with _requested(chain, run, {"campaign": order.campaign}):
        campaign = _admitting(chain, order.campaign)
        if campaign is None:
            return Skipped(f"condition: {order.campaign} does not admit the lead")
        ended = _end_runs(chain, run, lambda one: one.key == order.campaign, "restarted")
        _remember(chain, order)
        start(chain, campaign, "", "")
    return Done(said={**order.said, "ended": ended})


def _remember(chain: Chain, order: Restart) -> None:
    if order.kept is not None:
        chain.changes.apply(order.kept)
