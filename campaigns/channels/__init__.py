"""Channels, one file each: how what was written down is sent. Found here by walking the package."""

from __future__ import annotations

from campaigns.language.registry import discover
from campaigns.sender.channel import CHANNELS

discover(__name__, __path__)

__all__ = ["CHANNELS"]
