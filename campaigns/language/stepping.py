"""One step of a run: its action decides, what it decided is done and logged, and the run goes on somewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from campaigns.language import compensation, elsewhere, grouping, orders, parking
from campaigns.language.changes import Logged
from campaigns.language.outcome import (
    BadValueError,
    Ended,
    Enter,
    Failed,
    Jump,
    Merged,
    Order,
    Outcome,
    Parked,
)
from campaigns.language.outgoing import post
from campaigns.language.program import CHOICE, Choice, Step
from campaigns.language.run import Run

if TYPE_CHECKING:
    from campaigns.language.interpreter import Chain

STEPS_LIMIT = 1_000  #: steps executed for one event from outside, with all that follows from it


class Stopped(Exception):
    """The chain of an event ends here."""


def execute(chain: Chain, run: Run, step: Step) -> int | None:
    """Execute one step: it ends in one outcome, and each is logged. Returns the place of the next."""
    chain.executed += 1
    if chain.executed > STEPS_LIMIT:
        grouping.put_back(chain, run)
        chain.stop(run.campaign, step.id, f"more than {STEPS_LIMIT} steps followed from one event")
    lead, context, changes = chain.lead, chain.context, chain.changes
    run.step, changes.by = step.id, run
    if run.remembers and _is_reached_anew(run):
        run.memories.pop(step.id, None)
    bound, choice = step.bound, None
    if bound is None:
        choice = step.choose(lead, context) if _is_reached_anew(run) else step.chosen(run.memory, lead, context)
        if choice is None:  # none matched and there is no default: nothing is executed
            return step.after
        bound = choice.bound
    try:
        params = bound.params if bound.read is None else bound.read(lead, context)
        decision = step.run(lead, params, context)
    except BadValueError as error:
        decision = Failed(str(error))
    if isinstance(decision, Outcome):
        return _conclude(chain, run, step, choice, decision)
    _log(chain, run, step, choice, changes.carry_out(decision, chain.executed))
    return step.after


def _is_reached_anew(run: Run) -> bool:
    """Whether the step is executed for the first time, not once more after a wait or the body of its loop."""
    return run.woken is None and not run.returned


def _conclude(chain: Chain, run: Run, step: Step, choice: Choice | None, decision: Outcome) -> int | None:
    """Do what an outcome asks for. Returns the place of the next step."""
    if isinstance(decision, Failed):
        chain.recorder.failed.append(run.campaign.id)
        if run.group is not None:
            (step, decision), choice = grouping.give_up(chain, run, step, decision), None
    if choice is not None and isinstance(decision, Parked | Order):
        run.memory[CHOICE] = choice.name
    if isinstance(decision, Parked):
        chain.executed -= run.woken is not None
        return parking.park(chain, run, step, decision)
    if isinstance(decision, Merged):
        parking.merge(chain, run, decision.into)
    if isinstance(decision, Order):
        done = orders.carry_out(chain, run, step, decision)
        if done is None:
            return None
        decision = done
    _log(chain, run, step, choice, (chain.changes.conclude(decision),))
    return _next(chain, run, step, decision)


def _log(chain: Chain, run: Run, step: Step, choice: Choice | None, logged: Iterable[Logged]) -> None:
    """Log what a step did, and note what it sends."""
    campaign, changes = run.campaign, chain.changes
    for kind, data in logged:
        if choice is not None:
            data["choice"] = choice.name
        chain.log(kind or step.logs, data, campaign, step.id)
    if changes.outgoing:
        elsewhere.send(chain, campaign, step.id)
    if changes.posted:
        post(chain, run, step.id, "" if choice is None else str(choice.name))
    if chain.lead.deleted_at is not None:
        raise Stopped


def _next(chain: Chain, run: Run, step: Step, decision: Outcome) -> int | None:
    """Where the run goes on after an outcome."""
    match decision:
        case Ended():
            return None
        case Enter():
            return step.after if decision.body is None else decision.body
        case Jump():
            return run.campaign.program.places.get(decision.step)
        case Failed() if run.passed and compensation.ends_by_failure(chain, run):
            return parking.undo_failed(chain, run)
    return step.after
