"""Parameters that refer to what a tenant has defined: a program, a topic, one of their parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from campaigns.language.definition import DEFINITIONS, Defined
from campaigns.language.parameters import Kind, Prepared
from campaigns.language.scope import Scope
from campaigns.language.values import show


class DefinedRef(Kind):
    """A definition of the tenant, by its key."""

    def __init__(self, doc: str, kind: str) -> None:
        super().__init__(doc)
        self.kind = kind

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Defined | None:
        """The definition; one that is archived can be run, not published."""
        known = scope.schema.defined(self.kind)
        found = known.get(raw) if isinstance(raw, str) else None
        if found is None:
            scope.fault(path, f"unknown {self.noun} {show(raw)}{scope.hint(raw, known)}")
        elif found.archived and scope.publishing:
            scope.fault(path, f"{self.noun} '{found.key}' is archived")
        return found

    @property
    def noun(self) -> str:
        """What it is called in a message."""
        spec = DEFINITIONS.get(self.kind)
        return spec.label.lower() if spec else self.kind


class PartOf(Kind):
    """A part of the definition that another parameter names, such as a status of a program; by its key."""

    def __init__(self, doc: str, *, of: str, parts: Callable[[Any], Iterable[str]], noun: str) -> None:
        super().__init__(doc)
        self.of = of
        self.parts = parts
        self.noun = noun

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> str | None:
        """The key of the part."""
        whole: Defined | None = done.get(self.of)
        if whole is None:  # said already
            return None
        known = list(self.parts(whole.spec))
        if raw not in known:
            scope.fault(path, f"'{whole.key}' has no {self.noun} {show(raw)}{scope.hint(raw, known)}")
            return None
        return raw
