"""Runs that wait for the campaigns which they requested.

What is over is not told but seen: a request of the run neither waits for its turn nor has a run inside. So one that was
over before the run came to wait for it counts, and so does one that let nobody in.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from campaigns.language import parking
from campaigns.language.outcome import Done, Enter, Join, Outcome, Parked
from campaigns.language.requesting import REQUESTED_BY, token_of
from campaigns.language.run import Run
from campaigns.language.schema import CAMPAIGN_REQUESTED

if TYPE_CHECKING:
    from campaigns.language.interpreter import Chain
    from campaigns.language.program import Step


def join(chain: Chain, run: Run, step: Step, order: Join) -> Outcome | None:
    """Go on where so many of the requests are over, or the time is; else rest."""
    asked = {token_of(run, number): key for number, key in enumerate(run.requested) if key in order.campaigns}
    going = _going(chain) & asked.keys()
    over, left = len(asked) - len(going), sorted(set(order.campaigns) - set(asked.values()))
    said = {"over": over, "of": len(asked)} | ({"not_requested": left} if left else {})
    if over >= min(order.needed or len(asked), len(asked)):
        _forget(run, order)
        return Done(said=said)
    until = _deadline(run, order.until)
    if chain.now >= until:
        _forget(run, order)
        return Enter(
            body=order.on_timeout, said=said | {"timed_out": True, "going": sorted(asked[one] for one in going)}
        )
    chain.executed -= run.woken is not None
    parking.park(chain, run, step, Parked(until=until, quiet=run.woken is not None))
    return None


def _going(chain: Chain) -> set[str]:
    """The requests of the lead that wait for their turn or have a run inside."""
    waiting = {one.data.get(REQUESTED_BY) for one in chain.changes.queue if one.type == CAMPAIGN_REQUESTED}
    inside = {run.state.get("data", {}).get(REQUESTED_BY) for run in chain.lead.runs.values()}
    return {token for token in waiting | inside if isinstance(token, str)}


def _deadline(run: Run, until: datetime) -> datetime:
    """The end of the time that began when the run came here first."""
    return datetime.fromisoformat(run.memory.setdefault("until", until.isoformat()))


def _forget(run: Run, order: Join) -> None:
    """What was waited for is not waited for again."""
    run.requested = ["" if key in order.campaigns else key for key in run.requested]
