"""What a parameter of an action may be. Declared once in the annotation of a Struct's field, it checks
documents,
says what is wrong, and will draw the form."""

from __future__ import annotations

import re
from typing import Any

from campaigns.language.eventtypes import UNDECLARED
from campaigns.language.expression import compile_expression
from campaigns.language.incoming import request_fault
from campaigns.language.jsonshape import check_shape
from campaigns.language.periods import read_period
from campaigns.language.schema import AttributeSpec, FieldSpec
from campaigns.language.scope import Scope
from campaigns.language.tokens import Dynamic, Read, is_token, typed_value
from campaigns.language.values import TYPES, show

Prepared = dict[str, Any]

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
_TAG = re.compile(r"\S(.{0,62}\S)?")
PARTS_LIMIT = 100  #: fields, attributes or tags in one step


class Kind:
    """The base of all kinds. `doc` is one sentence for the person who fills it in."""

    def __init__(self, doc: str) -> None:
        self.doc = doc

    @property
    def takes(self) -> str:
        """What may be written, in a few words."""
        return (type(self).__doc__ or "").partition(".")[0].partition(":")[0].lower()

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The value for the action: a constant, or a Dynamic. Notes a fault for what does not fit; null stays
        null.
        `done` holds the parameters declared before this one."""
        raise NotImplementedError


class FieldRef(Kind):
    """A field of the lead that this action may change."""

    def __init__(self, doc: str, *types: str) -> None:
        super().__init__(doc)
        self.types = types  #: that fit; none means any

    @property
    def takes(self) -> str:
        """Of which types."""
        types = " or ".join(f"“{TYPES[name].label}”" for name in self.types)
        return f"a field of the lead of type {types}" if types else super().takes

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> FieldSpec | None:
        """The field's specification."""
        spec = scope.look_up_field(raw, path)
        if spec is None:
            return None
        message = self._objection(spec)
        if message:
            scope.fault(path, message)
        return spec

    def _objection(self, spec: FieldSpec) -> str | None:
        if spec.action:
            return f"field '{spec.key}' is changed by the action {spec.action} only"
        if spec.read_only:
            return f"field '{spec.key}' is read-only"
        if self.types and spec.type not in self.types:
            wanted = " or ".join(TYPES[name].label for name in self.types)
            return f"field '{spec.key}' is of type {TYPES[spec.type].label}; expected {wanted}"
        return None


class FieldRefs(FieldRef):
    """Several fields of the lead."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The fields' specifications, each once."""
        if not isinstance(raw, list) or not 1 <= len(raw) <= PARTS_LIMIT:
            scope.fault(path, f"expected a list of 1 to {PARTS_LIMIT} fields")
            return ()
        prepare = super().prepare
        found = [prepare(item, scope, f"{path}[{index}]", done) for index, item in enumerate(raw)]
        return tuple({spec.key: spec for spec in found if spec is not None}.values())


class FieldValue(Kind):
    """A value for the field that another parameter names: a literal, a token, or null."""

    def __init__(self, doc: str, *, of: str, nullable: bool = True) -> None:
        super().__init__(doc)
        self.of = of
        self.nullable = nullable

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The value in the field's type."""
        spec = done.get(self.of)
        if raw is None and not self.nullable:
            scope.fault(path, "must not be null")
        return spec and typed_value(raw, spec, scope, path)


class FieldValues(FieldRef):
    """An object of fields and their values."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """A tuple of (field, value) pairs."""
        if not isinstance(raw, dict) or not 1 <= len(raw) <= PARTS_LIMIT:
            scope.fault(path, f"expected an object of 1 to {PARTS_LIMIT} fields and their values")
            return ()
        pairs = []
        for name, item in raw.items():
            spec = super().prepare(name, scope, f"{path}.{name}", done)
            if spec is not None:
                pairs.append((spec.key, typed_value(item, spec, scope, f"{path}.{name}")))
        return pairs_of(pairs)


class Value(Kind):
    """A literal or token of a fixed type."""

    def __init__(self, doc: str, type: str, *, nullable: bool = True) -> None:
        super().__init__(doc)
        self.target = AttributeSpec("", type)
        self.nullable = nullable

    @property
    def takes(self) -> str:
        """Its type."""
        return f"{TYPES[self.target.type].label}, or a token"

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The typed value."""
        if raw is None and not self.nullable:
            scope.fault(path, "must not be null")
        return typed_value(raw, self.target, scope, path)


class Literal(Kind):
    """A literal of a fixed type; no token."""

    def __init__(self, doc: str, type: str) -> None:
        super().__init__(doc)
        self.type = type

    @property
    def takes(self) -> str:
        """Its type."""
        return TYPES[self.type].label

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The typed value."""
        if raw is None:
            return None
        if is_token(raw):
            scope.fault(path, "takes no token; write the value itself")
            return None
        try:
            return TYPES[self.type].cast(raw)
        except ValueError as error:
            scope.fault(path, str(error))
            return None


class WholeNumber(Kind):
    """A whole number within bounds; no token."""

    def __init__(self, doc: str, least: int, most: int) -> None:
        super().__init__(doc)
        self.least = least
        self.most = most

    @property
    def takes(self) -> str:
        """Its bounds."""
        return f"whole number from {self.least:,} to {self.most:,}"

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> int:
        """The number."""
        if isinstance(raw, int) and not isinstance(raw, bool) and self.least <= raw <= self.most:
            return raw
        scope.fault(path, f"expected a whole number from {self.least} to {self.most:,}, got {show(raw)}")
        return self.least


class Key(Kind):
    """A name of the author's own choice."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> str:
        """The name."""
        if isinstance(raw, str) and _KEY.fullmatch(raw):
            return raw
        scope.fault(path, f"expected 1 to 63 lower-case letters, digits, - and _, got {show(raw)}")
        return ""


class Choice(Kind):
    """One of a few words."""

    def __init__(self, doc: str, *words: str) -> None:
        super().__init__(doc)
        self.words = words

    @property
    def takes(self) -> str:
        """The words."""
        return " or ".join(f"`{word}`" for word in self.words)

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The word."""
        if raw not in self.words:
            scope.fault(path, f"expected one of {', '.join(self.words)}, got {show(raw)}")
        return raw


class Named(Kind):
    """Something of the tenant's, by its key."""

    noun = ""
    article = "a"

    def known(self, scope: Scope) -> Any:
        """The names there are."""
        raise NotImplementedError

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The key."""
        if not isinstance(raw, str):
            scope.fault(path, f"expected the name of {self.article} {self.noun}, got {show(raw)}")
            return None
        if raw not in self.known(scope):
            scope.fault(path, f"unknown {self.noun} {raw[:64]!r}{scope.hint(raw, self.known(scope))}")
        return raw


class ListRef(Named):
    """A static list that is not archived."""

    noun = "list"

    def known(self, scope: Scope) -> Any:
        """The lists; asking for one makes the rulebook need memberships."""
        scope.needs_lists = True
        return scope.schema.lists


class StageRef(Named):
    """A stage."""

    noun = "stage"

    def known(self, scope: Scope) -> Any:
        """The stages."""
        return scope.schema.stages


class EventTypeRef(Named):
    """One of the tenant's own event types."""

    noun = "event type"
    article = "an"

    def known(self, scope: Scope) -> Any:
        """The event types."""
        return scope.schema.event_types


class Tags(Kind):
    """A list of tag names. With `create`, the parameter of that name may allow new ones."""

    def __init__(self, doc: str, *, create: str | None = None) -> None:
        super().__init__(doc)
        self.create = create

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The names as a set."""
        if not isinstance(raw, list) or len(raw) > PARTS_LIMIT:
            scope.fault(path, f"expected a list of at most {PARTS_LIMIT} tags")
            return frozenset()
        free = bool(self.create and done.get(self.create))
        return frozenset(item for index, item in enumerate(raw) if self._is_tag(item, free, scope, f"{path}[{index}]"))

    def _is_tag(self, item: Any, free: bool, scope: Scope, path: str) -> bool:
        if not isinstance(item, str) or not _TAG.fullmatch(item) or is_token(item):
            scope.fault(path, f"expected a tag of 1 to 64 characters, got {show(item)}")
            return False
        if not free and item not in scope.schema.tags:
            hint = scope.hint(item, scope.schema.tags)
            more = "; or set create_missing" if self.create else ""
            scope.fault(path, f"unknown tag {item!r}{hint}{more}")
        return True


class AttributeValues(Kind):
    """An object of attributes for the event type that another parameter names."""

    def __init__(self, doc: str, *, of: str) -> None:
        super().__init__(doc)
        self.of = of

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """A tuple of (attribute, value) pairs."""
        if not isinstance(raw, dict) or len(raw) > PARTS_LIMIT:
            scope.fault(path, f"expected an object of at most {PARTS_LIMIT} attributes")
            return ()
        event = scope.schema.event_types.get(done.get(self.of) or "")
        if event is None:
            return ()
        pairs = []
        for name, item in raw.items():
            spec = event.attributes.get(name) or (AttributeSpec(name, UNDECLARED) if event.open else None)
            if spec is None:
                hint = scope.hint(name, event.attributes)
                scope.fault(f"{path}.{name}", f"event type '{event.name}' has no such attribute{hint}")
                continue
            pairs.append((name, _attribute_value(item, spec, scope, f"{path}.{name}")))
        for name in event.required:
            if raw.get(name) is None:
                scope.fault(f"{path}.{name}", f"is required by event type '{event.name}'")
        return pairs_of(pairs)


def _attribute_value(item: Any, spec: AttributeSpec, scope: Scope, path: str) -> Any:
    if spec.type != UNDECLARED or is_token(item):
        return typed_value(item, spec, scope, path)
    faults = check_shape(item, depth=20, size=64_000, path=path)
    scope.faults.extend(faults)
    return item


def pairs_of(pairs: list[tuple[str, Any]]) -> Any:
    """Pairs as they are, or a Dynamic that reads them when one of them is."""
    if not any(isinstance(value, Dynamic) for _, value in pairs):
        return tuple(pairs)
    reads = [(name, value.read if isinstance(value, Dynamic) else _constant(value)) for name, value in pairs]
    return Dynamic(lambda lead, context: tuple((name, read(lead, context)) for name, read in reads))


def _constant(value: Any) -> Read:
    return lambda lead, context: value


class Expression(Kind):
    """An expression whose value goes into the field that another parameter names."""

    def __init__(self, doc: str, *, of: str) -> None:
        super().__init__(doc)
        self.of = of

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The computation (lead, context) -> typed value."""
        spec = done.get(self.of)
        return spec and compile_expression(raw, spec, scope, path)


class OwnerValue(Value):
    """An owner's e-mail address, or a token for one."""

    takes = "an owner's e-mail address, or a token"

    def __init__(self, doc: str) -> None:
        super().__init__(doc, "string", nullable=False)

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The address. An owner who is inactive is a fault on publication only: later the action skips."""
        value = super().prepare(raw, scope, path, done)
        if isinstance(value, str) and value not in scope.schema.owners:
            scope.fault(path, f"unknown owner {show(value)}{scope.hint(value, scope.schema.owners)}")
        elif isinstance(value, str) and scope.publishing and value in scope.schema.inactive_owners:
            scope.fault(path, f"owner {show(value)} is inactive; choose an active one")
        return value


class CampaignRef(Kind):
    """A running campaign that can be requested."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The key. Whether it can be requested is a fault on publication only: later the action skips."""
        if not isinstance(raw, str):
            scope.fault(path, f"expected the key of a campaign, got {show(raw)}")
            return ""
        message = request_fault(scope.schema, raw) if scope.publishing else None
        if message:
            scope.fault(path, message)
        return raw


class PeriodValue(Kind):
    """A period such as {"amount": -3, "unit": "days"}."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The period."""
        return None if raw is None else read_period(raw, scope, path)
