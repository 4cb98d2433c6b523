"""What a lead's campaigns ask of other leads, and what others' campaigns ask of this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from campaigns.language import inheriting
from campaigns.language.activity import RESTORES, make_row
from campaigns.language.changes import Logged
from campaigns.language.context import Context, EventView
from campaigns.language.effects import Effect
from campaigns.language.outcome import Outcome
from campaigns.language.priority import HIGH
from campaigns.language.request import REQUESTS, RequestSpec
from campaigns.language.rulebook import Campaign
from campaigns.language.sending import sent_id
from engine.types import Event

if TYPE_CHECKING:
    from campaigns.language.interpreter import Chain


def send(chain: Chain, campaign: Campaign, step: str) -> None:
    """Make the events for other leads that a step has asked for."""
    lead, cause = chain.lead, chain.event
    by = {"lead": lead.key, "campaign_id": campaign.id, "version": campaign.version, "step": step}
    for effect in chain.changes.outgoing:
        parts = chain.event_key, campaign.key, step, str(chain.executed), effect.id_suffix
        chain.sent.append(
            Event(
                id=sent_id(cause.accepted_at, *parts), tenant=lead.tenant, lead=effect.lead, type=effect.type,
                accepted_at=chain.now, occurred_at=chain.occurred_at, data={**effect.data, "by": by},
                source=f"campaign:{campaign.key}", depth=chain.context.depth + 1, urgent=campaign.priority == HIGH,
            )
        )  # fmt: skip
    chain.changes.outgoing.clear()


def meet_deleted(chain: Chain, event: Event) -> None:
    """An event for a deleted lead does not bring it back: only campaigns that begin by restoring it hear of it, and a
    person who restores it is heard."""
    asked = REQUESTS.get(event.type)
    if asked is not None and asked.logs == RESTORES:
        answer(chain, asked, event)
    subscribers = chain.subscribers(event)
    restoring = tuple(one for one in subscribers if one[0].program.steps[0].logs == RESTORES)
    if restoring:
        chain.hear(event, restoring)
    if chain.lead.deleted_at is None:
        chain.hear(event, tuple(one for one in subscribers if one not in restoring))
        chain.drain()
    else:
        chain.log("event_skipped", {"outcome": "skipped", "reason": "the lead is deleted; restore it first"})


def answer(chain: Chain, asked: RequestSpec, event: Event) -> None:
    """Do what another lead's campaign asked for: in the history it is that campaign's doing."""
    rulebook, by = chain.rulebook, event.data["by"]
    view = EventView(event.data, {})
    context = Context(
        rulebook.schema, event.type, view, chain.now, chain.occurred_at, event.depth, rulebook.requestable
    )
    chain.changes.depth = event.depth
    inherited = inheriting.take(chain, event, context)
    answered = asked.answer(chain.lead, event.data, context)
    for kind, data in _done(chain, answered):
        data["lead"] = by["lead"]
        place = by["campaign_id"], by["version"], by["step"]
        chain.append(make_row((chain.lead_id, chain.occurred_at, kind or asked.logs, *place, chain.event_key, data)))
    if inherited:
        inheriting.settle(chain, inherited, context)


def _done(chain: Chain, answered: Sequence[Effect] | Outcome) -> Sequence[Logged]:
    """What to log of an answer, which is a step of no campaign of this lead's."""
    if isinstance(answered, Outcome):
        return (chain.changes.conclude(answered),)
    return chain.changes.carry_out(answered, chain.executed)
