"""Which events are urgent: those that campaigns of high priority hear, at their triggers or inside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from campaigns.language.document import Compiled, compile_document
from campaigns.language.priority import Urgent
from campaigns.language.schema import TenantSchema
from campaigns.language.scope import Scope
from campaigns.language.trigger import QUALIFIERS

ANY = None  #: value of the attribute by which subscriptions to a type of event are told apart


def urgent_events(documents: Iterable[tuple[str, Any]], schema: TenantSchema) -> Urgent:
    """What these campaigns hear, by their keys and documents; nothing of one that cannot run."""
    heard: dict[str, set[Any]] = {}
    for key, document in documents:
        compiled, _ = compile_document(document, Scope(schema, key, publishing=False))
        for type, value in _hears(compiled) if compiled else ():
            heard.setdefault(type, set()).add(value)
    return Urgent({type: _narrowed(type, values) for type, values in heard.items()})


def _hears(compiled: Compiled) -> Iterable[tuple[str, Any]]:
    yield from ((one.event.name, one.qualifier) for one in compiled.subscriptions)
    yield from ((exit.hears, ANY) for exit in compiled.exits if exit.hears)
    yield from ((type, ANY) for type in compiled.program.hears)


def _narrowed(type: str, values: set[Any]) -> tuple[str, frozenset[Any]] | None:
    return None if ANY in values else (QUALIFIERS[type], frozenset(values))
