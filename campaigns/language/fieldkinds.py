"""Kinds of parameters for actions that work on what a field holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.outcome import BadValueError
from campaigns.language.parameters import PARTS_LIMIT, Kind, Prepared, Value
from campaigns.language.periods import BUSINESS_DAYS, UNITS, Period, is_too_long
from campaigns.language.schema import AttributeSpec
from campaigns.language.scope import Scope
from campaigns.language.storable import check_text
from campaigns.language.tokens import Dynamic, Read, convert, is_token, lead_reference, typed_value
from campaigns.language.transforms import EXAMPLES, PLAIN, Transform, read_transform
from campaigns.language.values import TEXT_LIMIT, show

SEPARATOR_LIMIT = 8  #: characters
TRANSFORMS_LIMIT = 20


class BoundedText(Value):
    """Text that is not blank and of a bounded length, or a token for one."""

    def __init__(self, doc: str, limit: int = TEXT_LIMIT) -> None:
        super().__init__(doc, "text", nullable=False)
        self.limit = limit  #: characters

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The text. What a token gives is measured while running."""
        if isinstance(raw, str) and not raw.strip():
            scope.fault(path, "must not be blank")
            return None
        value = super().prepare(raw, scope, path, done)
        if isinstance(value, Dynamic):
            return Dynamic(self._measured(value.read))
        if value is not None and len(value) > self.limit:
            scope.fault(path, self._objection(value))
        return value

    def _objection(self, text: str) -> str:
        return f"is {len(text)} characters long, at most {self.limit} are allowed"

    def _measured(self, read: Read) -> Read:
        def read_measured(lead: LeadState, context: Context) -> Any:
            text = read(lead, context)
            if text is not None and len(text) > self.limit:
                raise BadValueError(f"{show(text)} {self._objection(text)}; use a shorter text")
            return text

        return read_measured


class OnceKey(Value):
    """Text, or a token, that is remembered of the lead."""

    def __init__(self, doc: str, *, kind: str) -> None:
        super().__init__(doc, "string")
        self.kind = kind  #: of the records in which it is

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The key. Only where there is one must the records be loaded."""
        if raw is not None:
            scope.read_records(self.kind)
        return super().prepare(raw, scope, path, done)


class Separator(Kind):
    """What stands between the pieces of a text; a space or a line break will do."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The separator as it is written."""
        if not isinstance(raw, str) or not 1 <= len(raw) <= SEPARATOR_LIMIT or is_token(raw):
            scope.fault(path, f"expected a separator of 1 to {SEPARATOR_LIMIT} characters, got {show(raw)}")
            return None
        try:
            check_text(raw)
        except ValueError as error:
            scope.fault(path, str(error))
        return raw


class FieldSource(Kind):
    """A field of the lead whose value goes into the field that another parameter names."""

    def __init__(self, doc: str, *, into: str) -> None:
        super().__init__(doc)
        self.into = into

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Dynamic | None:
        """The value in the other field's type, by the rules for tokens: none of them loses something silently."""
        target = done.get(self.into)
        source = lead_reference(raw, scope, path)
        if target is None or source is None:
            return None
        if raw == target.key:
            scope.fault(path, f"field '{raw}' cannot be copied into itself")
            return None
        return convert(replace(source, text=f"field '{raw}'"), target, scope, path)


class OptionValues(Kind):
    """Values for the multi-select field that another parameter names: a list of literals and tokens, or one
    token for a whole list."""

    def __init__(self, doc: str, *, of: str, known: bool = True) -> None:
        super().__init__(doc)
        self.of = of
        self.known = known  #: whether they must be among the options

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """A set; null when a token has no value."""
        spec = done.get(self.of)
        if spec is None:
            return None
        options = spec.options if self.known else None
        if is_token(raw):
            return typed_value(raw, AttributeSpec("", "multi_select", options=options), scope, path)
        if not isinstance(raw, list) or not 1 <= len(raw) <= PARTS_LIMIT:
            scope.fault(path, f"expected a list of 1 to {PARTS_LIMIT} values, got {show(raw)}")
            return None
        one = AttributeSpec("", "picklist", options=options)
        return _gather([_one_option(item, one, scope, f"{path}[{place}]") for place, item in enumerate(raw)])


def _one_option(raw: Any, target: AttributeSpec, scope: Scope, path: str) -> Any:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        scope.fault(path, "must not be blank")
        return None
    return typed_value(raw, target, scope, path)


def _gather(items: list[Any]) -> Any:
    """The items as one set, or a Dynamic for it when one of them is read while running."""
    fixed = frozenset(item for item in items if not isinstance(item, Dynamic)) - {None}
    reads = [item.read for item in items if isinstance(item, Dynamic)]
    if not reads:
        return fixed

    def read(lead: LeadState, context: Context) -> Any:
        return (fixed | {one(lead, context) for one in reads}) - {None} or None

    return Dynamic(read)


class ShiftUnit(Kind):
    """The unit of an amount by which a field is moved."""

    def __init__(self, doc: str, *, of: str, amount: str) -> None:
        super().__init__(doc)
        self.of = of
        self.amount = amount

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The word."""
        words = (*UNITS, BUSINESS_DAYS)
        if not isinstance(raw, str) or raw not in words:
            scope.fault(path, f"expected one of {', '.join(words)}, got {show(raw)}")
            return None
        field, amount = done.get(self.of), done.get(self.amount)
        if field is not None and field.type == "date" and not Period(0, raw).is_of_days:
            scope.fault(path, f"field '{field.key}' has no time of day; use days or more")
        if isinstance(amount, int) and is_too_long(amount, raw):
            scope.fault(path, f"{amount} {raw} are more than a thousand years")
        return raw


class Transforms(Kind):
    """What is done to a text, in order."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> tuple[Transform, ...]:
        """The functions."""
        if not isinstance(raw, list) or not 1 <= len(raw) <= TRANSFORMS_LIMIT:
            scope.fault(path, f"expected a list of 1 to {TRANSFORMS_LIMIT} transforms, got {show(raw)}")
            return ()
        return tuple(filter(None, (_transform(item, scope, f"{path}[{place}]") for place, item in enumerate(raw))))


def _transform(raw: Any, scope: Scope, path: str) -> Callable[[str], str] | None:
    try:
        found = read_transform(raw)
    except ValueError as error:
        scope.fault(path, str(error))
        return None
    if found is None:
        known = ", ".join([*PLAIN, *EXAMPLES.values()])
        scope.fault(path, f"unknown transform {show(raw)}; known: {known}")
    return found
