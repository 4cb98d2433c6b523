"""How a lead comes into a campaign: who is let in, and how its run begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from campaigns.language import parking
from campaigns.language.entry import EVERYBODY, closed, counted
from campaigns.language.qualification import EVERY_TIME, entered, refusal, runs_inside
from campaigns.language.rulebook import Campaign
from campaigns.language.run import Run
from campaigns.language.schema import CAMPAIGN_ENTERED, CAMPAIGN_REQUESTED

if TYPE_CHECKING:
    from campaigns.language.interpreter import Chain


def enter(chain: Chain, campaign: Campaign) -> None:
    """Begin a run, if the campaign lets the lead in and its qualification admits one."""
    key: str | None = ""
    if campaign.entry is not EVERYBODY and closed(campaign.entry, campaign.key, chain.lead):
        return
    if (
        campaign.qualification is not EVERY_TIME or chain.lead.runs or chain.context.type == CAMPAIGN_REQUESTED
    ):  # hardly ever
        key = qualify(chain, campaign)
    if key is not None:
        start(chain, campaign, key, "")


def qualify(chain: Chain, campaign: Campaign) -> str | None:
    """The key of a new run; None when the lead may not enter."""
    rule, lead, context = campaign.qualification, chain.lead, chain.context
    key = rule.read_key(lead, context)
    others = runs_inside(lead.runs.values(), campaign.id, key)
    if (others and rule.inside == "ignore") or refusal(rule, campaign.key, key, lead, context):
        return None
    if others and campaign.pause:  # one at the door is enough
        return None
    if rule.inside == "restart":
        for id in others:
            parking.end(chain, lead.runs[id], campaign, "restarted")
    if rule.times is not None:
        chain.changes.apply(entered(rule, campaign.key, key, lead, context))
    return key


def start(chain: Chain, campaign: Campaign, key: str, parent: str) -> None:
    """Begin a run."""
    context, changes = chain.context, chain.changes
    run = Run(
        f"{chain.event_key}.{campaign.id}.{len(chain.begun) + 1}", campaign, context.type, context.event.raw,
        context.occurred_at, chain.now, context.depth,
    )  # fmt: skip
    chain.begun.append(run)
    changes.by = run
    if key or parent:
        run.key, run.parent = key, parent
    context.run = run
    if campaign.entry is not EVERYBODY:
        for effect in counted(campaign.entry, campaign.key, chain.lead, context):
            changes.apply(effect)
    if chain.rulebook.announces_runs:
        changes.raise_event(CAMPAIGN_ENTERED, {"campaign": campaign.key, "run": run.id}, campaign.key)
    if campaign.pause:
        parking.keep_at_the_door(chain, run)
    else:
        chain.walk(run, 0)
