"""Checkpoints of a run: when it ends badly, what was done behind them is undone by steps of their own, the last first.

Sagas, as Garcia-Molina and Salem have them (1987): each part of a long course is done for good and has its
counterpart. Undoing does not rest: its steps change the lead or send something, and are over within one event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from campaigns.language.outcome import Done, Ended, Enter, Failed, Jump, Mark, Outcome, Undo
from campaigns.language.run import Run

if TYPE_CHECKING:
    from campaigns.language.interpreter import Chain

PASSED_LIMIT = 50  #: checkpoints that one run keeps
ON_FAILURE = "undo"


def mark(run: Run, order: Mark) -> Outcome:
    """The run has passed a checkpoint."""
    if len(run.passed) >= PASSED_LIMIT:
        return Failed(f"has passed {PASSED_LIMIT} checkpoints already, so could not be undone; have fewer in the loop")
    run.passed = [*run.passed, run.step]
    return Done(said={"label": order.label})


def end_undoing(chain: Chain, run: Run, order: Undo) -> Outcome:
    """End the run where it is, and undo all that it has passed, or back to a checkpoint."""
    labels, place = begin(chain, run, order.to)
    return Enter(body=place, said={"ended": order.reason, "undone": labels}) if labels else Ended(order.reason)


def begin(chain: Chain, run: Run, to: str = "") -> tuple[list[str], int | None]:
    """The labels of what is undone from here on, and the place of the first of the steps that do."""
    passed = [(id, params.label) for id in run.passed if (params := _params(chain, run, id)) is not None]
    since = max((place for place, (_, label) in enumerate(passed) if label == to), default=len(passed)) if to else 0
    undone = passed[since:][::-1]
    run.undoing = [id for id, _ in undone]
    return [label for _, label in undone], _first(chain, run)


def go_on(chain: Chain, run: Run, order: Mark) -> Outcome:
    """What was behind one checkpoint is undone; next is the one before."""
    said = {"label": order.label, "undone": True}
    run.undoing = run.undoing[1:]
    place = _first(chain, run)
    return Jump(said=said) if place is None else Enter(body=place, said=said)  # a jump nowhere: the run is over


def ends_by_failure(chain: Chain, run: Run) -> bool:
    """Whether a checkpoint that the run has passed does not let it go on behind a step that failed."""
    found = (_params(chain, run, id) for id in run.passed)
    return not run.undoing and any(params is not None and params.on_failure == ON_FAILURE for params in found)


def _first(chain: Chain, run: Run) -> int | None:
    params: Any = _params(chain, run, run.undoing[0]) if run.undoing else None
    return None if params is None else params.undo


def _params(chain: Chain, run: Run, id: str) -> Any:
    """What a checkpoint says; None where the version that the run was moved to has no such one."""
    step = run.campaign.step(id)
    if step is None or step.logs != "checkpoint":
        return None
    if step.bound is not None:
        return step.bound.params
    choice = step.chosen(run.memories.get(id, {}), chain.lead, chain.context)
    return choice and choice.bound.params
