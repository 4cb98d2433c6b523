"""Kinds of definitions, one file each. To add one is to write its file; it is found here by walking the package."""

from __future__ import annotations

from campaigns.language.definition import DEFINITIONS
from campaigns.language.registry import discover

discover(__name__, __path__)

__all__ = ["DEFINITIONS"]
