"""Smart lists that campaigns watch: leads that begin to match one, and those that cease to.

Looked at in memory with each event of a lead, after all that followed from it. Whether the lead was on the list then
is kept with the lead, so a change that was made outside counts too, with the event that tells of it. What of a filter
depends on the clock alone is noticed with the lead's next event, whatever that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from campaigns.language.condition import Matches
from campaigns.language.context import Context, EventView
from campaigns.language.effects import Emit, PutRecord
from campaigns.language.lead import LeadState
from campaigns.language.outside import is_change, take_back
from engine.types import Event

if TYPE_CHECKING:
    from campaigns.language.interpreter import Chain

SEEN = "smart_list_seen"  #: kind of the records, by the list's key
JOINED, LEFT = "smart_list.joined", "smart_list.left"


class Watch(msgspec.Struct, frozen=True):
    """A smart list, and the campaigns that want to know."""

    list: str
    matches: Matches
    by: frozenset[int]

    def seen(self, lead: LeadState) -> bool | None:
        """Whether the lead was on the list when it was last looked at; None when nobody has watched since."""
        kept = lead.records.get((SEEN, self.list))
        return kept["on"] if kept is not None and not self.by.isdisjoint(kept["by"]) else None


def look(chain: Chain, event: Event) -> dict[str, bool]:
    """On which of the watched lists the lead was before the event."""
    unseen, found = [], {}
    for watch in chain.rulebook.watches:
        seen = watch.seen(chain.lead)
        if seen is None:
            unseen.append(watch)
        else:
            found[watch.list] = seen
    if unseen:
        before = None if chain.lead.is_new or event.type == "lead.created" else before_event(chain, event)
        context = _context(chain)
        found |= {watch.list: before is not None and watch.matches(before, context) for watch in unseen}
    return found


def settle(chain: Chain, before: dict[str, bool]) -> None:
    """Let campaigns hear on which lists the lead is now and was not, and the other way round; and so on until nothing
    changes any more, or the chain is too long."""
    lead, changes, context = chain.lead, chain.changes, _context(chain)
    if lead.deleted_at is not None or chain.is_frozen:
        return
    changes.depth = max(changes.depth, chain.event.depth)
    while True:
        for watch in chain.rulebook.watches:
            on = watch.matches(lead, context)
            if on != before[watch.list]:
                chain.log(JOINED if on else LEFT, {"list": watch.list, "outcome": "done"})
                changes.apply(_seen(watch, on, Emit(JOINED if on else LEFT, {"list": watch.list})))
            elif watch.seen(lead) is None:
                changes.apply(_seen(watch, on, None))
            before[watch.list] = on
        if not changes.queue:
            return
        chain.drain()
        if lead.deleted_at is not None or chain.is_frozen:
            return


def _seen(watch: Watch, on: bool, raises: Emit | None) -> PutRecord:
    return PutRecord(SEEN, watch.list, {"on": on, "by": sorted(watch.by)}, raises=raises, quiet=True)


def _context(chain: Chain) -> Context:
    """There is no event where leads are asked whether they are on a list."""
    return Context(chain.rulebook.schema, "", EventView({}, {}), chain.now, chain.occurred_at)


def before_event(chain: Chain, event: Event) -> LeadState:
    """The lead as it was before a change outside of which the event tells; before any other event it is as it is."""
    lead = chain.lead
    if not is_change(event):
        return lead
    earlier = LeadState(
        id=lead.id, tenant=lead.tenant, key=lead.key, values=dict(lead.values), tags=set(lead.tags),
        lists=set(lead.lists), records=lead.records, runs=lead.runs,
    )  # fmt: skip
    earlier.history, earlier.frozen_until = lead.history, lead.frozen_until
    take_back(earlier, event.type, event.data, chain.rulebook.schema)
    return earlier
