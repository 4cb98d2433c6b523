"""What is done to a campaign at the press of a button, and what is said of it before."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import QueryDict

from campaigns import batches, operations
from campaigns.models import Campaign

Status = Campaign.Status


class Verb:
    """One thing that is done to a campaign at the press of a button."""

    def __init__(
        self,
        name: str,
        label: str,
        says: str,
        done: str,
        *states: str,
        danger: bool = False,
        ways: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.name = name
        self.label = label
        self.says = says  #: what it does, before it is done
        self.done = done
        self.states = states  #: in which it is offered
        self.danger = danger
        self.ways = ways  #: to choose from: value and words; the first is chosen unless another is


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "publish",
            "Publish",
            "The draft becomes the live version at once and never changes again. Events from now on are "
            "handled by it; what was done before stays as it is. A paused campaign stays paused.",
            "is published",
            Status.DRAFT,
            Status.ACTIVE,
            Status.PAUSED,
        ),
        Verb(
            "run",
            "Run now",
            "The live version runs for all leads who match its audience as they are now. They are found first, then "
            "they are told little by little, so that other events do not wait for them.",
            "is being run for its audience",
            Status.ACTIVE,
        ),
        Verb(
            "cancel",
            "Cancel batches",
            "No more members of the batches under way are told. Those who were told already stay inside.",
            "has no batch under way any more",
            Status.ACTIVE,
            Status.PAUSED,
            danger=True,
        ),
        Verb(
            "pause",
            "Pause",
            "Choose what becomes of those inside and of those who would enter. Exits and goals act during a pause too.",
            "is paused",
            Status.ACTIVE,
            ways=Campaign.PauseMode.choices,
        ),
        Verb(
            "resume",
            "Resume",
            "Events from now on start this campaign again, with its live version. Choose what becomes of those inside "
            "whose time came during the pause; those at the door were not inside, and begin.",
            "is running again",
            Status.PAUSED,
            ways=Campaign.Overdue.choices,
        ),
        Verb(
            "abort",
            "Send everybody out",
            "All who are inside are out at once, wherever they are, and do not come back by themselves. The campaign "
            "stays as it is: who qualifies from now on enters.",
            "is empty",
            Status.ACTIVE,
            Status.PAUSED,
            danger=True,
        ),
        Verb(
            "archive",
            "Archive",
            "The campaign ends for good and cannot be published again; all who are inside are out. Its versions and "
            "what it did stay.",
            "is archived",
            Status.DRAFT,
            Status.ACTIVE,
            Status.PAUSED,
            danger=True,
        ),
    )
}


def verbs_for(campaign: Campaign) -> list[Verb]:
    """What can be done to a campaign now; publishing the same document again is not offered."""
    same = campaign.draft == campaign.live_document  # type: ignore[attr-defined]  # annotated by the page's query
    hidden = {"publish"} if same else set()
    if not batches.is_batch(campaign):
        hidden.add("run")
    if not batches.under_way(campaign):
        hidden.add("cancel")
    return [verb for verb in VERBS.values() if campaign.status in verb.states and verb.name not in hidden]


def perform(verb: Verb, campaign: Campaign, said: QueryDict, *, by: str) -> None:
    """Do it, the way that was chosen. Raises Refused."""
    chosen = said.get("way", verb.ways[0][0] if verb.ways else "")
    match verb.name:
        case "publish":
            operations.publish(campaign, by=by)
        case "run":
            batches.start(campaign, by=by)
        case "cancel":
            batches.cancel_all(campaign, by=by)
        case "pause":
            operations.pause(campaign, chosen)
        case "resume":
            operations.resume(campaign, chosen)
        case "abort":
            operations.abort(campaign)
        case "archive":
            operations.archive(campaign)
