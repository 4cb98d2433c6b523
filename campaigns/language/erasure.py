"""Erasure of a lead: asked for by a step, done by maintenance when it is due (campaigns/erasure.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from campaigns.language import parking
from campaigns.language.effects import NO_END
from campaigns.language.lead import Erasure
from campaigns.language.outcome import ANONYMISE, ERASE, NoOp, Outcome, RequestErasure
from campaigns.language.run import Run
from campaigns.language.values import TYPES

if TYPE_CHECKING:
    from campaigns.language.interpreter import Chain
    from campaigns.language.program import Step

ENDED = "erasure requested"


def begin(chain: Chain, run: Run, step: Step, order: RequestErasure) -> Outcome | None:
    """Nothing happens to the lead any more. Of two requests the earlier time holds, and the thorougher mode."""
    lead = chain.lead
    asked = Erasure(order.mode, order.due_at, lead.frozen_until, run.campaign.id, run.id)
    asked = asked if lead.erasure is None else _both(lead.erasure, asked)
    if asked == lead.erasure and chain.is_frozen:
        return NoOp()
    for parked, campaign in parking.inside(chain):
        if parked.id != run.id:
            said = {"outcome": "done", "ended": ENDED, "run": parked.id}
            chain.log(parking.RUN_ENDED, said, campaign, parked.step)
    lead.changed_runs = lead.changed_runs.union(lead.runs)
    lead.runs.clear()
    lead.erasure, lead.frozen_until = asked, NO_END
    lead.changed.add("frozen_until")
    said = {"mode": asked.mode, "due_at": TYPES["datetime"].dump(asked.due_at), "outcome": "done"}
    chain.log(step.logs, said, run.campaign, step.id)
    run.parked = True  # it goes no further, and nobody who waits for it does
    return None


def _both(first: Erasure, second: Erasure) -> Erasure:
    mode = ERASE if ERASE in (first.mode, second.mode) else ANONYMISE
    due_at = min(first.due_at, second.due_at)
    return Erasure(mode, due_at, first.frozen_before, first.campaign_id, first.run)
