"""Parameters that are conditions: a filter tree on the lead and the event."""

from __future__ import annotations

from typing import Any

from campaigns.language.condition import Matches
from campaigns.language.filtertree import compile_filter
from campaigns.language.parameters import Kind, Prepared
from campaigns.language.scope import Scope


class Rule(Kind):
    """A filter tree."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Matches:
        """The test (lead, context) -> whether it holds."""
        return compile_filter(raw, scope, path)
