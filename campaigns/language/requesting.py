"""What a run asks of other campaigns and waits for later: which, and how its requests are told apart."""

from __future__ import annotations

from typing import Any

from campaigns.language.parameters import PARTS_LIMIT, Kind, Prepared
from campaigns.language.run import Run
from campaigns.language.scope import Scope
from campaigns.language.values import show

REQUESTED_BY = "requested_by"  #: in the data of a request: the run and the number of its request
REQUESTS_LIMIT = 200  #: of one run that are followed


class JoinedCampaigns(Kind):
    """A list of campaigns that steps of this one request."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> tuple[str, ...]:
        """Their keys; whether a step requests each shows when all steps are known."""
        if not isinstance(raw, list) or not 1 <= len(raw) <= PARTS_LIMIT or len(set(map(str, raw))) < len(raw):
            scope.fault(path, f"expected a list of 1 to {PARTS_LIMIT} different campaigns")
            return ()
        for place, key in enumerate(raw):
            if isinstance(key, str):
                scope.joins.append((f"{path}[{place}]", key))
            else:
                scope.fault(f"{path}[{place}]", f"expected the key of a campaign, got {show(key)}")
        scope.watches = True
        return tuple(key for key in raw if isinstance(key, str))


def note_request(run: Run, campaign: str) -> dict[str, str]:
    """What a request says of who asks, where a step of the run joins what it asks for."""
    if campaign not in run.campaign.program.joins or len(run.requested) >= REQUESTS_LIMIT:
        return {}
    run.requested = [*run.requested, campaign]
    return {REQUESTED_BY: token_of(run, len(run.requested) - 1)}


def token_of(run: Run, number: int) -> str:
    """What a request of a run is known by."""
    return f"{run.id}:{number}"
