"""Where PostgreSQL lives and as whom it runs: it refuses to run as root.

An ordinary user runs it as himself. Root has two ways, neither of which changes a folder it did not
make or adds a user:

namespace  user 1000 inside a user namespace, still root to the file system: everything stays in the
           data folder, also below a folder of mode 700
elsewhere  where namespaces are forbidden: programs and data in a folder of their own under the
           temporary folder, run as `nobody`, who could reach neither in a checkout of root's
"""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from engine.embedded import binaries
from engine.embedded.folder import PREFIX, temporary_folder
from engine.embedded.process import SAME, Identity, run
from engine.errors import EmbeddedServerError

NAMESPACE = Identity("namespace", 1000, 1000)


@dataclass(frozen=True)
class Home:
    """The programs, the data and who runs the one on the other."""

    install: Path
    data: Path
    identity: Identity = SAME

    def adopt(self, path: Path) -> None:
        """Give a path that we made to the user who runs the server."""
        if self.identity.kind == "user":
            os.chown(path, self.identity.uid, self.identity.gid)


def find_home(folder: Path) -> Home:
    """The home of PostgreSQL for a data folder: the one it had before, else the first that works."""
    data = folder / "postgres"
    if os.geteuid() != 0:
        return _home_of_ordinary_user(data)
    place = recorded_place(folder)
    if place is not None:
        return _home_elsewhere(place)
    if data.exists():
        return _home_of_root_again(data)
    if namespaces_work():
        return Home(binaries.postgres(), data, NAMESPACE)
    return _home_elsewhere(_make_place(folder))


def recorded_place(folder: Path) -> Path | None:
    """The folder elsewhere that belongs to this data folder; None when there is none or it is not root's."""
    try:
        place = Path((folder / "elsewhere").read_text(encoding="utf-8"))
        status = place.lstat()
    except OSError:
        return None
    return place if place.name.startswith(PREFIX) and status.st_uid == os.geteuid() else None


def namespaces_work() -> bool:
    """Whether PostgreSQL's own program starts inside a user namespace."""
    try:
        run([str(binaries.postgres() / "bin/postgres"), "--version"], identity=NAMESPACE, what="a namespace")
    except EmbeddedServerError:
        return False
    return True


def _home_of_ordinary_user(data: Path) -> Home:
    if data.exists() and data.stat().st_uid != os.geteuid():
        raise EmbeddedServerError(f"{data} belongs to {_user_name(data.stat().st_uid)}, who must start it")
    return Home(binaries.postgres(), data)


def _home_of_root_again(data: Path) -> Home:
    owner = data.stat()
    if owner.st_uid != 0:
        return Home(binaries.postgres(), data, Identity("user", owner.st_uid, owner.st_gid))
    if not namespaces_work():
        raise EmbeddedServerError(f"{data} was made in a user namespace, and here is none; remove {data.parent}")
    return Home(binaries.postgres(), data, NAMESPACE)


def _home_elsewhere(place: Path) -> Home:
    install = place / binaries.PACKAGE / binaries.postgres().name
    nobody = pwd.getpwnam("nobody")
    return Home(install, place / "data" / "postgres", Identity("user", nobody.pw_uid, nobody.pw_gid))


def _make_place(folder: Path) -> Path:
    place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=temporary_folder()))
    try:
        binaries.copy_postgres(place)
        (place / "data").mkdir(mode=0o755)
        (folder / "elsewhere").write_text(str(place), encoding="utf-8")
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return place


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
