"""Kinds of parameters that are JSON."""

from __future__ import annotations

from typing import Any

from campaigns.language.jsonvalues import cast_json, read_json
from campaigns.language.parameters import Kind, Prepared
from campaigns.language.scope import Scope
from campaigns.language.templates import compile_template, is_template
from campaigns.language.tokens import Dynamic
from campaigns.language.values import show


class JsonBody(Kind):
    """JSON object, or a template whose text is one."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The object, or a Dynamic for the text that a template gives."""
        if is_template(raw):
            template = compile_template(raw, scope, path)
            return template and Dynamic(template)
        if not isinstance(raw, dict | str):
            scope.fault(path, f"expected a JSON object, or a template for one, got {show(raw)}")
            return None
        try:
            return (cast_json(raw) if isinstance(raw, dict) else read_json(raw)) or {}
        except ValueError as error:
            scope.fault(path, str(error))
            return None
