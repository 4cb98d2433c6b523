"""Groups of steps of which all changes happen or none: what there was before is kept, and put back if one fails.

Only steps that change what we keep of the lead stand in a group, so all that they do is in memory until the bundle is
written, and a group begins and ends within one event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from campaigns.language.lead import LeadState
from campaigns.language.outcome import Done, Enter, Failed, OpenGroup, Outcome
from campaigns.language.program import Step
from campaigns.language.run import Run

if TYPE_CHECKING:
    from campaigns.language.interpreter import Chain

#: Of a lead: what is replaced as a whole when it changes, and what is changed in place, as by who counts its history.
PLAIN = ("frozen_until", "deleted_at", "restorable_until", "life_changed", "changed_records")
HELD = ("values", "tags", "lists", "records", "changed", "history")
SHARED = ("records", "made", "changed")


class Before(NamedTuple):
    """All that steps of a group may change, as it was before them."""

    step: Step  #: the group
    executed: int
    rows: int
    sent: int
    arisen: int
    sends: int
    outgoing: int
    plain: dict[str, Any]
    held: list[tuple[set[Any] | dict[Any, Any], set[Any] | dict[Any, Any]]]  #: and as it was


def open_group(chain: Chain, run: Run, step: Step, order: OpenGroup) -> Outcome:
    """Keep what there is, and go on to the first step."""
    lead, changes = chain.lead, chain.changes
    run.group = Before(
        step, chain.executed, len(chain.recorder.activities), len(chain.sent), len(changes.queue), changes.sends,
        len(lead.outgoing), {name: getattr(lead, name) for name in PLAIN}, [(one, one.copy()) for one in _held(lead)],
    )  # fmt: skip
    return Enter(body=order.body, said={"begun": True})


def close_group(chain: Chain, run: Run) -> Outcome:
    """All steps are done: their changes stay."""
    before, run.group = run.group, None
    return Done(said={"steps": 0 if before is None else chain.executed - before.executed - 1})


def put_back(chain: Chain, run: Run) -> None:
    """Whatever was done since the group began was not; nothing where there is no group."""
    before, run.group = run.group, None
    if before is None:
        return
    lead, changes = chain.lead, chain.changes
    for name, value in before.plain.items():
        setattr(lead, name, value)
    for one, copy in before.held:
        one.clear()
        one.update(copy)
    del chain.recorder.activities[before.rows :], chain.sent[before.sent :], lead.outgoing[before.outgoing :]
    while len(changes.queue) > before.arisen:
        changes.queue.pop()
    changes.sends = before.sends


def give_up(chain: Chain, run: Run, failed: Step, why: Failed) -> tuple[Step, Failed]:
    """A step has failed. Returns the group as the step that did, and why."""
    assert run.group is not None
    group: Step = run.group.step
    put_back(chain, run)
    run.step = group.id
    return group, Failed(f"{failed.id}: {why.reason}; none of the group's changes were made")


def _held(lead: LeadState) -> list[Any]:
    """What is changed in place; of what leads have in common, only where the tenant's campaigns use that."""
    shared = getattr(lead, "shared", None)
    own = [getattr(lead, name) for name in HELD]
    return own if shared is None else own + [getattr(shared, name) for name in SHARED]
