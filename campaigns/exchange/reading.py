"""YAML and JSON text as values and back. What is read is bounded before it is held, and means what it would in JSON.

YAML is read event by event, without a composer or a constructor: there are no aliases, tags or classes, so nothing
multiplies and nothing is executed, and `no`, `1:30` and `2026-04-01` stay the text they look like.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import yaml

from campaigns.exchange.layout import in_order

SIZE_LIMIT = 1_000_000  #: bytes of text
EVENTS_LIMIT = 100_000  #: scalars, beginnings and ends
DEPTH_LIMIT = 80  #: levels; a campaign's document has fewer
INDENT = 2

#: What a word means that stands without quotation marks, as the core schema of YAML 1.2 and JSON have it.
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,40})", re.ASCII)
_FLOAT = re.compile(r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,400})?([eE][-+]?[0-9]{1,5})?", re.ASCII)


class UnreadableError(ValueError):
    """The text is neither YAML nor JSON, or more than is taken; the message says where and why."""


def read(text: bytes) -> Any:
    """The value of a YAML or JSON text. Raises UnreadableError."""
    if len(text) > SIZE_LIMIT:
        raise UnreadableError(f"is larger than {SIZE_LIMIT // 1000} kB")
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableError("is not UTF-8") from None
    return _read_json(decoded) if decoded.lstrip()[:1] in ("{", "[") else _read_yaml(decoded)


def write_json(value: Any) -> str:
    """Text that reads as the value."""
    return json.dumps(in_order(value), ensure_ascii=False, indent=INDENT) + "\n"


def write_yaml(value: Any) -> str:
    """Text that reads as the value, here and by other readers of YAML."""
    return yaml.dump(in_order(value), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120, indent=INDENT)


def _read_json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except RecursionError:
        raise UnreadableError("is nested too deep") from None
    except json.JSONDecodeError as error:
        raise UnreadableError(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except UnreadableError:
        raise
    except ValueError as error:  # a number of thousands of digits
        raise UnreadableError(str(error)) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnreadableError(f"an object has the name {twice[:64]!r} twice")
    return made


def _refuse_constant(word: str) -> Any:
    raise UnreadableError(f"{word} is no number of JSON")


class _Builder:
    """Puts values together while events come."""

    def __init__(self) -> None:
        self.result: Any = None
        self.open: list[Any] = []  #: containers that have begun
        self.names: list[str | None] = []  #: of each, the name that waits for its value

    def add(self, value: Any, event: Any) -> None:
        """A value takes the next place."""
        if not self.open:
            self.result = value
            return
        within = self.open[-1]
        if isinstance(within, list):
            within.append(value)
        elif self.names[-1] is None:
            self._name(within, value, event)
        else:
            within[self.names[-1]] = value
            self.names[-1] = None

    def _name(self, within: dict[str, Any], value: Any, event: Any) -> None:
        if not isinstance(value, str):
            raise _unreadable(event, "a name is not text; put it in quotation marks")
        if value in within:
            raise _unreadable(event, f"the name {value[:64]!r} is there twice")
        within[value] = None
        self.names[-1] = value

    def begin(self, container: Any, event: Any) -> None:
        """What comes next belongs into it."""
        if len(self.open) >= DEPTH_LIMIT:
            raise _unreadable(event, f"is nested more than {DEPTH_LIMIT} levels deep")
        self.add(container, event)
        self.open.append(container)
        self.names.append(None)

    def end(self) -> None:
        """The container that began last is complete."""
        self.open.pop()
        self.names.pop()


def _read_yaml(text: str) -> Any:
    try:
        return _build(yaml.parse(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        raise UnreadableError(_where(error.problem_mark) + (error.problem or "is no YAML")) from None
    except yaml.YAMLError as error:
        raise UnreadableError(f"is no YAML: {str(error).splitlines()[0][:200]}") from None


def _build(events: Iterable[Any]) -> Any:
    builder, documents = _Builder(), 0
    for count, event in enumerate(events):
        if count > EVENTS_LIMIT:
            raise _unreadable(event, f"has more than {EVENTS_LIMIT:,} parts")
        if isinstance(event, yaml.NodeEvent):
            _take(event, builder)
        elif isinstance(event, yaml.CollectionEndEvent):
            builder.end()
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _unreadable(event, "a second document begins; send one")
    return builder.result


def _take(event: Any, builder: _Builder) -> None:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise _unreadable(event, "anchors and aliases are not taken; write it out")
    if event.tag is not None:
        raise _unreadable(event, f"the tag {event.tag[:64]} is not taken; leave it out")
    if isinstance(event, yaml.ScalarEvent):
        builder.add(_plain(event.value) if event.implicit[0] else event.value, event)
    else:
        builder.begin({} if isinstance(event, yaml.MappingStartEvent) else [], event)


def _plain(word: str) -> Any:
    if word in _NULL:
        return None
    if word in _BOOLEANS:
        return _BOOLEANS[word]
    if _INTEGER.fullmatch(word):
        return int(word)
    return float(word) if _FLOAT.fullmatch(word) else word


def _unreadable(event: Any, message: str) -> UnreadableError:
    return UnreadableError(_where(event.start_mark) + message)


def _where(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


#: libyaml where it is there: ten times as fast, and the same events.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Dumper(yaml.SafeDumper):
    """Quotes what any reader of YAML, or ours, would take for something other than text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> Any:
    """Line ends that only YAML takes for such are written as escapes, or they would come back as spaces."""
    style = '"' if _BREAKS.intersection(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_BREAKS = frozenset("\r\x85\u2028\u2029\ufeff")
_Dumper.add_representer(str, _text)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(rf"^(?:{_FLOAT.pattern})$"), list("-0123456789"))
