"""What one lead's campaign asks of another lead: an event of that lead, done before its campaigns hear of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from campaigns.language.context import Context
from campaigns.language.effects import Effect
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Outcome
from campaigns.language.registry import Registry

#: The lead asked, the data of the event, the surroundings.
Answer = Callable[[LeadState, Mapping[str, Any], Context], Sequence[Effect] | Outcome]


class RequestSpec(msgspec.Struct, frozen=True):
    """What is done on an event of a type."""

    event: str
    logs: str  #: the kind of its activities
    answer: Answer
    records: frozenset[str]  #: kinds of the lead's records that it reads or writes


REQUESTS: Registry[RequestSpec] = Registry("request")


def request(event: str, *, logs: str, records: Iterable[str] = ()) -> Callable[[Answer], Answer]:
    """Enter a function (lead, data, context) -> effects or an outcome as what events of that type ask for.

    records: kinds of the lead's records that it reads or writes; they are loaded whatever campaigns run.
    """

    def enter(answer: Answer) -> Answer:
        REQUESTS.add(event, RequestSpec(event, logs, answer, frozenset(records)))
        return answer

    return enter
