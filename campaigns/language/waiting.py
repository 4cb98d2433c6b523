"""What steps that wait have in common: resting until a moment, and what to do where there is none."""

from __future__ import annotations

from datetime import datetime

from campaigns.language.context import Context
from campaigns.language.outcome import Done, Ended, LeftOut, Outcome, Parked, Skipped

POLICIES = ("continue", "skip", "exit")


def rest_until(moment: datetime, context: Context) -> Parked | Done:
    """The run rests until the moment."""
    return Done() if context.now >= moment else Parked(until=moment)


def go_on(policy: str, reason: str, context: Context) -> Outcome:
    """What a policy says of a run that has nothing to wait for: on, on behind the next step, or out."""
    if policy == "continue":
        return Done(said={"reason": reason})
    return Ended(reason) if policy == "exit" else leave_out_next(reason, context)


def leave_out_next(reason: str, context: Context) -> Outcome:
    """The run goes on behind the step that would be next."""
    run = context.run
    program = run.campaign.program
    place = program.steps[program.places[run.step]].after
    if place is None or place < 0:  # there is no next one
        return Skipped(reason)
    left_out = program.steps[place]
    if left_out.after is None:
        return Ended(reason)
    return LeftOut(body=left_out.after, said={"reason": reason, "left_out": left_out.id})
