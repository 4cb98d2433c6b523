"""Parameters about checkpoints: their labels, and who names them."""

from __future__ import annotations

import re
from typing import Any

from campaigns.language.flowkinds import read_label
from campaigns.language.parameters import Kind, Literal, Prepared
from campaigns.language.scope import Scope
from campaigns.language.values import show

_STEP = re.compile(r"\.(params|choices\[\d+\]\.params|default)\.\w+$")


class CheckpointLabel(Kind):
    """A few words that no other checkpoint of the campaign has."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> str:
        """The label."""
        label, owner = read_label(raw, scope, path), _STEP.sub("", path)
        if scope.checkpoints.setdefault(label, owner) != owner:
            scope.fault(path, f"{show(label)} is the label of {scope.checkpoints[label]} already; give each its own")
        return label


class CheckpointRef(Kind):
    """The label of a checkpoint of the campaign."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> str:
        """The label; whether there is such a one shows when all steps are known."""
        label = read_label(raw, scope, path)
        scope.undoes.append((path, label))
        return label


class Undoing(Literal):
    """Whether the run is undone."""

    def __init__(self, doc: str) -> None:
        super().__init__(doc, "boolean")

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """True or false. There must be a checkpoint then."""
        value = super().prepare(raw, scope, path, done)
        if value:
            scope.undoes.append((path, ""))
        return value


def check_undoing(scope: Scope) -> None:
    """What is undone must have been marked by a step."""
    for path, label in scope.undoes:
        if not label and not scope.checkpoints:
            scope.fault(path, "no step marks a checkpoint, so there is nothing to undo; add one")
        elif label and label not in scope.checkpoints:
            scope.fault(path, f"there is no checkpoint {show(label)}{scope.hint(label, scope.checkpoints)}")
