"""The declaration of an event type and of what it carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from campaigns.language.values import caster

UNDECLARED = "undeclared"  #: the type of what an open event carries without having declared it


@dataclass(frozen=True, slots=True)
class AttributeSpec:
    """One attribute of an event type."""

    name: str
    type: str
    required: bool = False
    options: frozenset[str] | None = None
    cast: Callable[[Any], Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = self.type != UNDECLARED
        object.__setattr__(self, "cast", caster(self.type, self.options) if known else _as_it_is)


def _as_it_is(raw: Any) -> Any:
    return raw


@dataclass(frozen=True)
class EventTypeSpec:
    """One type of event. An open one accepts attributes it does not declare."""

    name: str
    label: str
    attributes: Mapping[str, AttributeSpec]
    open: bool = False
    outside: bool = False  #: whether one that is not a tenant's own may be sent by programs
    qualifier: str | None = None  #: the attribute by which those who hear it are told apart

    @cached_property
    def casts(self) -> dict[str, Callable[[Any], Any]]:
        """The cast of each declared attribute."""
        return {name: spec.cast for name, spec in self.attributes.items()}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The attributes without which an event of this type is refused."""
        return tuple(name for name, spec in self.attributes.items() if spec.required)


def event_type(
    name: str,
    *attributes: AttributeSpec,
    label: str = "",
    open: bool = False,
    outside: bool = False,
    qualifier: str | None = None,
) -> EventTypeSpec:
    """An event type of these attributes."""
    return EventTypeSpec(name, label or name, {item.name: item for item in attributes}, open, outside, qualifier)
