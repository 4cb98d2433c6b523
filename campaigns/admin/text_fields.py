"""Structured values as text that a person can read and write."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from campaigns.admin import theme
from campaigns.exchange.layout import pretty
from campaigns.language.document import DEPTH_LIMIT, SIZE_LIMIT
from campaigns.language.jsonshape import check_shape
from campaigns.language.values import TYPES
from campaigns.models.columns import is_name


class LinesField(forms.CharField):
    """A list of texts, one on each line."""

    widget = theme.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        if isinstance(value, list):
            return value
        lines = [line.strip() for line in super().to_python(value).splitlines()]
        return list(dict.fromkeys(line for line in lines if line))


def write_option(option: str, labels: dict[str, str]) -> str:
    """The line of one option of a field: `vip = Very important`."""
    return f"{option} = {labels[option]}" if option in labels else option


def read_option(line: str) -> tuple[str, str]:
    """The inverse of write_option(): the option, and its label if it has one."""
    option, _, label = line.partition(" = ")
    return option.strip(), label.strip()


class AttributesField(LinesField):
    """The attributes of an event type, one on each line: `amount: decimal, required`."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(write_attribute, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[dict[str, Any]]:
        lines = super().to_python(value)
        attributes = [read_attribute(line) if isinstance(line, str) else line for line in lines]
        names = [attribute["name"] for attribute in attributes]
        for name in names:
            if names.count(name) > 1:
                raise ValidationError(f"“{name}” is there twice.")
        return attributes


def write_attribute(attribute: dict[str, Any]) -> str:
    """The line of one attribute."""
    options = f" ({' | '.join(attribute['options'])})" if attribute.get("options") else ""
    return f"{attribute['name']}: {attribute['type']}{options}{', required' * attribute.get('required', False)}"


def read_attribute(line: str) -> dict[str, Any]:
    """The inverse of write_attribute(). Raises ValidationError that names the line."""
    name, colon, rest = line.partition(":")
    rest, required = rest.strip(), False
    if rest.endswith("required"):
        rest, required = rest.removesuffix("required").rstrip(" ,"), True
    kind, _, options = rest.removesuffix(")").partition("(")
    if not colon or kind.strip() not in TYPES:
        raise ValidationError(f"“{line}”: write a name, a colon and one of {', '.join(TYPES)}.")
    is_name(name.strip())
    attribute: dict[str, Any] = {"name": name.strip(), "type": kind.strip(), "required": required}
    if options:
        attribute["options"] = [option.strip() for option in options.split("|")]
    return attribute


class DocumentField(forms.CharField):
    """A JSON object in a readable layout; what is no JSON stays as typed, with the place of the error."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"rows": 30, "class": "fairlane-document", "spellcheck": "false"}
        super().__init__(widget=theme.Textarea(attrs=attributes), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return pretty(value) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        return read_object(super().to_python(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != initial
        except ValidationError:
            return True


def read_object(text: str) -> dict[str, Any]:
    """The JSON object of a text. Raises ValidationError that says where it goes wrong."""
    try:
        value = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        raise ValidationError(f"Line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except RecursionError as error:
        raise ValidationError("It is nested too deeply.") from error
    if not isinstance(value, dict):
        raise ValidationError("Write an object, beginning with { and ending with }.")
    # What PostgreSQL could not store; other faults may be saved in a draft.
    faults = check_shape(value, depth=DEPTH_LIMIT, size=SIZE_LIMIT)
    if faults:
        raise ValidationError([str(fault) for fault in faults])
    return value
