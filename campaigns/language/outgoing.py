"""What is to be sent of a lead: written with the effects, sent after the commit, known outside by one stable key."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from campaigns.language.priority import PLACES

if TYPE_CHECKING:
    from campaigns.language.interpreter import Chain
    from campaigns.language.run import Run

#: The source of events that say what came of a delivery.
SOURCE = "delivery"


class Outgoing(NamedTuple):
    """One delivery, as it is written down."""

    key: str  #: a UUID: the same however often it is sent
    channel: str
    destination: str
    definition: str
    campaign_id: int
    version: int
    step: str
    event_key: str
    depth: int  #: how many events lie between what comes of it and the one from outside
    priority: int  #: the place of the campaign's class
    body: dict[str, Any]


def post(chain: Chain, run: Run, step: str, choice: str) -> None:
    """Write down what a step posted. What one step of a run posts again for the same event is told apart by its
    number, so that the key of each is its own, and the same whenever the event is executed again."""
    lead, campaign = chain.lead, run.campaign
    same = (chain.event_key, campaign.id, step)
    for effect in chain.changes.posted:
        number = sum(1 for one in lead.outgoing if (one.event_key, one.campaign_id, one.step) == same)
        lead.outgoing.append(
            Outgoing(
                _key(lead.tenant, run.id, chain.event_key, step, choice, number), effect.channel, effect.destination,
                effect.definition, campaign.id, campaign.version, step, chain.event_key, chain.changes.depth + 1,
                PLACES[campaign.priority], effect.body,
            )
        )  # fmt: skip
    chain.changes.posted.clear()


def _key(*parts: object) -> str:
    text = "\0".join(map(str, parts))
    return str(uuid.UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest()))
