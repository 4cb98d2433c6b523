"""Parameters that refer to what a tenant has defined: a program, a topic, one of their parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from campaigns.language.definition import DEFINITIONS, Defined
from campaigns.language.parameters import PARTS_LIMIT, FieldRef, Kind, Prepared, pairs_of
from campaigns.language.schema import AttributeSpec
from campaigns.language.scope import Scope
from campaigns.language.tokens import Dynamic, typed_value
from campaigns.language.values import dump, show


class DefinedRef(Kind):
    """A definition of the tenant, by its key."""

    def __init__(self, doc: str, kind: str) -> None:
        super().__init__(doc)
        self.kind = kind

    @property
    def takes(self) -> str:
        """Its kind."""
        return f"key of a {self.noun}"

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


class PoolRef(DefinedRef):
    """A pool of owners, whose calendars are there."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Defined | None:
        """The pool. Without its calendar an owner is always there, so that is a fault on publication."""
        pool = super().prepare(raw, scope, path, done)
        known = scope.schema.defined("calendar")
        for owner in pool.spec.owners if pool is not None else ():
            if owner.calendar is not None and known.get(owner.calendar) is None and scope.publishing:
                hint = scope.hint(owner.calendar, known)
                scope.fault(path, f"{owner.email} of pool '{raw}' has an unknown calendar {show(owner.calendar)}{hint}")
        return pool


class PartOf(Kind):
    """A part of the definition that another parameter names, such as a status of a program; by its key."""

    def __init__(self, doc: str, *, of: str, parts: Callable[[Any], Iterable[str]], noun: str) -> None:
        super().__init__(doc)
        self.of = of
        self.parts = parts
        self.noun = noun

    @property
    def takes(self) -> str:
        """Of what it is a part."""
        return f"key of a {self.noun} of the `{self.of}`"

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


class ColumnsInto(FieldRef):
    """An object of fields of the lead, and the columns of a table that they get."""

    def __init__(self, doc: str, *, of: str) -> None:
        super().__init__(doc)
        self.of = of

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """A tuple of (field, column) pairs."""
        table: Defined | None = done.get(self.of)
        if not isinstance(raw, dict) or not 1 <= len(raw) <= PARTS_LIMIT:
            scope.fault(path, f"expected an object of 1 to {PARTS_LIMIT} fields and their columns")
            return ()
        found = []
        for name, column in raw.items():
            field = super().prepare(name, scope, f"{path}.{name}", done)
            if table is not None and column not in table.spec.columns:
                hint = scope.hint(column, table.spec.columns)
                scope.fault(f"{path}.{name}", f"'{table.key}' has no column {show(column)}{hint}")
            found.append((field, column))
        return tuple(found)


class ObjectValues(Kind):
    """An object of the fields of an object type and their values: literals or tokens."""

    def __init__(self, doc: str, *, of: str) -> None:
        super().__init__(doc)
        self.of = of

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """A tuple of (field, typed value) pairs."""
        whole: Defined | None = done.get(self.of)
        if not isinstance(raw, dict) or not 1 <= len(raw) <= PARTS_LIMIT:
            scope.fault(path, f"expected an object of 1 to {PARTS_LIMIT} fields and their values")
            return ()
        return pairs_of([self._pair(name, item, whole, scope, f"{path}.{name}") for name, item in raw.items()])

    def _pair(self, name: str, item: Any, whole: Defined | None, scope: Scope, path: str) -> tuple[str, Any]:
        if whole is None:  # said already
            return name, None
        if name not in whole.spec.fields:
            scope.fault(path, f"'{whole.key}' has no field {show(name)}{scope.hint(name, whole.spec.fields)}")
            return name, None
        return name, typed_value(item, AttributeSpec(name, whole.spec.fields[name]), scope, path)


class CompanyValues(Kind):
    """An object of the fields of companies and their values: literals or tokens."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """A tuple of (field, JSON value) pairs."""
        if not isinstance(raw, dict) or not 1 <= len(raw) <= PARTS_LIMIT:
            scope.fault(path, f"expected an object of 1 to {PARTS_LIMIT} fields and their values")
            return ()
        known = {
            field: type for one in scope.schema.defined("company").values() for field, type in one.spec.fields.items()
        }
        return pairs_of([self._pair(name, item, known, scope, f"{path}.{name}") for name, item in raw.items()])

    def _pair(self, name: str, item: Any, known: dict[str, str], scope: Scope, path: str) -> tuple[str, Any]:
        if name not in known:
            scope.fault(path, f"companies have no field {show(name)}{scope.hint(name, known)}")
            return name, None
        type = known[name]
        value = typed_value(item, AttributeSpec(name, type), scope, path)
        if isinstance(value, Dynamic):
            return name, Dynamic(lambda lead, context: dump(type, value.read(lead, context)))
        return name, dump(type, value)
