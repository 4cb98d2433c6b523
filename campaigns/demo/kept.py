"""What the demo keeps beside its data, readable by its user only: passwords, the secret key, API keys."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

import msgspec

from engine.roles import ROLES


class Kept(msgspec.Struct):
    """demo.json."""

    secret_key: str
    passwords: dict[str, str]  #: by database role, for servers that ask
    api_keys: dict[str, str] = {}  #: by tenant; the database has only their hashes
    edition: str = ""  #: of the tenants that were made
    roles_made: bool = False  #: the roles on the given server are the demo's own


def read(folder: Path) -> Kept:
    """What was kept, or a new one."""
    with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
        return msgspec.json.decode((folder / "demo.json").read_bytes(), type=Kept)
    return Kept(secrets.token_urlsafe(48), {role: secrets.token_urlsafe(24) for role in ROLES})


def write(folder: Path, kept: Kept) -> None:
    """Keep it; whoever reads finds the old or the new, never a part."""
    new = folder / "demo.json.new"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(msgspec.json.encode(kept))
    new.rename(folder / "demo.json")
