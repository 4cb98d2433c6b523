"""Silences of leads in a rehearsal: when each would be reached, found anew from the events that are played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from campaigns.language.lead import LeadState
from campaigns.language.rulebook import Rulebook
from campaigns.language.schema import INACTIVITY_REACHED
from campaigns.language.timing import Silence, Timer, due_event
from engine.types import Event

#: Lead's id and silence -> when what breaks it happened last, before the rehearsal begins.
LastHeard = Mapping[tuple[int, Silence], datetime]
NOBODY: LastHeard = MappingProxyType({})

_Place = tuple[str, str, str]  #: lead, campaign, trigger


class Silences:
    """When leads are told of their silence, and which of that is void because they were heard of since."""

    def __init__(self, rulebook: Rulebook) -> None:
        self.timers = [(one, one.timing) for one in rulebook.timers if isinstance(one.timing, Silence)]
        self.last: dict[_Place, datetime] = {}
        self.expected: dict[_Place, str] = {}  #: the event that tells of the present silence

    def begin(self, lead: LeadState, last: LastHeard, since: datetime) -> Iterator[Event]:
        """What a lead is to be told if nothing happens."""
        for timer, silence in self.timers:
            heard = last.get((lead.id, silence))
            if heard is not None:
                yield from self._hear(lead, timer, silence, heard, since)

    def hear(self, lead: LeadState, event: Event, since: datetime, *, is_new: bool) -> Iterator[Event]:
        """What a lead is to be told if nothing more happens; a new one is heard of by being created."""
        for timer, silence in self.timers:
            if is_new or event.type in silence.kinds:
                yield from self._hear(lead, timer, silence, event.occurred_at, since)

    def _hear(self, lead: LeadState, timer: Timer, silence: Silence, at: datetime, since: datetime) -> Iterator[Event]:
        """A silence that was reached before the beginning is none."""
        place = lead.key, timer.campaign, timer.trigger
        due, before = silence.after(at), self.last.get(place)
        if due.at <= since or (before is not None and at <= before):
            return
        told = due._replace(data=timer.about(due))
        event = due_event(lead.tenant, lead.key, lead.id, timer.campaign_id, told, INACTIVITY_REACHED, due.at)
        self.last[place], self.expected[place] = at, event.id
        yield event

    def is_broken(self, event: Event) -> bool:
        """Whether the event tells of a silence that is one no more."""
        if event.type != INACTIVITY_REACHED:
            return False
        return self.expected.get((event.lead, event.data["campaign"], event.data["trigger"])) != event.id
