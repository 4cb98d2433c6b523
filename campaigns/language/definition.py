"""What a tenant can define beside its fields: programs, topics, purposes and the like. One declaration each says
what a definition holds; the records of leads refer to it by kind and key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from campaigns.language.faults import Fault
from campaigns.language.jsonshape import check_shape
from campaigns.language.registry import Registry

SIZE_LIMIT, DEPTH_LIMIT = 64_000, 20  #: bytes and levels of one definition

Spec = TypeVar("Spec", bound=type[msgspec.Struct])


class DefinitionSpec(msgspec.Struct, frozen=True):
    """A kind of definition as the registry knows it."""

    kind: str
    label: str
    doc: str
    spec: type[msgspec.Struct]
    check: Callable[[Any], list[Fault]] | None  #: what the types alone cannot say


class Defined(msgspec.Struct, frozen=True):
    """One definition of a tenant."""

    kind: str
    key: str
    name: str
    spec: Any  #: an instance of the kind's Struct
    archived: bool = False


DEFINITIONS: Registry[DefinitionSpec] = Registry("definition")


def definition(kind: str, *, label: str, check: Callable[[Any], list[Fault]] | None = None) -> Callable[[Spec], Spec]:
    """Enter a Struct as what a definition of that kind holds."""

    def enter(spec: Spec) -> Spec:
        DEFINITIONS.add(kind, DefinitionSpec(kind, label, (spec.__doc__ or "").strip(), spec, check))
        return spec

    return enter


def read_definition(kind: str, raw: Any, *, stored: bool = False) -> tuple[Any, list[Fault]]:
    """What a definition's JSON says; None with every fault where it says nothing that can be used. Never raises.

    stored: it was read before it was saved, so its shape is not looked at again with each rulebook.
    """
    found = DEFINITIONS.get(kind)
    if found is None:
        return None, [Fault("kind", f"there is no kind of definition {kind[:64]!r}")]
    faults = [] if stored else check_shape(raw, depth=DEPTH_LIMIT, size=SIZE_LIMIT)
    if faults:
        return None, faults
    try:
        spec = msgspec.convert(raw, found.spec)
    except msgspec.ValidationError as error:
        return None, [_fault(str(error))]
    faults = found.check(spec) if found.check else []
    return (None, faults) if faults else (spec, [])


def _fault(message: str) -> Fault:
    """msgspec says "Expected `str`, got `int` - at `$.statuses[0].key`"."""
    words, _, place = message.partition(" - at `$")
    return Fault(place.rstrip("`").lstrip("."), words[:1].lower() + words[1:].replace("`", "'"))


def repeated(values: list[str]) -> list[str]:
    """Those that are there more than once, each once."""
    return sorted({value for value in values if values.count(value) > 1})
