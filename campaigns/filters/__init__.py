"""Filter operators, one file per family of types, and conditions. They are found here by walking the package."""

from __future__ import annotations

from campaigns.language.leaf import CONDITIONS
from campaigns.language.operator import OPERATORS
from campaigns.language.registry import discover

discover(__name__, __path__)

__all__ = ["CONDITIONS", "OPERATORS"]
