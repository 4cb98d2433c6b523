"""Pytest plugin: the test's own PostgreSQL and Valkey, up before Django reads its settings.

Loaded by `-p tests.servers` (pyproject.toml), so pytest is run as `python -m pytest` from the project's
folder. One pair of servers per process, also under xdist; none when only tests/unit is run. To use other
servers, set TEST_ADMIN_DATABASE_URL (a superuser) and TEST_REDIS_URL: the database `fairlane_test` there
is dropped and made anew, and the Redis database of the URL is emptied.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from engine import embedded
from engine.roles import ROLES, Urls, prepare_database

#: The embedded servers of this process; None when the caller gave others, or none are needed.
servers: embedded.Servers | None = None

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
#: Nothing listens there: a unit test that tries to connect fails at once.
NOWHERE = "postgresql://nobody@/none?host=%2Fnonexistent"
NOWHERE_URLS = Urls(owner=NOWHERE, app=NOWHERE, worker=NOWHERE)

_folder: Path | None = None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """A wrapper, because pytest-django reads the settings in the same hook as early as it can."""
    if _needs_servers(early_config):
        _start()
    else:
        _publish(NOWHERE_URLS, "redis://127.0.0.1:1/0")
    try:
        return (yield)
    except BaseException:
        _stop()
        raise


def pytest_unconfigure() -> None:
    """The servers end with the session, however it went; a killed pytest takes them with it."""
    _stop()


def _needs_servers(config: pytest.Config) -> bool:
    options = config.known_args_namespace
    controller = not WORKER and getattr(options, "numprocesses", None)
    unit = Path(__file__).with_name("unit")
    paths = [Path(path.partition("::")[0]).resolve() for path in options.file_or_dir]
    only_unit = bool(paths) and all(unit in (path, *path.parents) for path in paths)
    return not (controller or only_unit or options.version or options.help)


def _start() -> None:
    global servers, _folder
    database_url, redis_url = os.environ.get("TEST_ADMIN_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    if bool(database_url) != bool(redis_url):
        raise pytest.UsageError("set both TEST_ADMIN_DATABASE_URL and TEST_REDIS_URL, or neither")
    if database_url and redis_url:
        return _use(database_url, redis_url)
    _folder = Path(tempfile.mkdtemp(prefix="fairlane-test-"))
    servers = embedded.start(_folder / "data", durable=False)
    _publish(prepare_database(servers.postgres_url), servers.redis_url)


def _stop() -> None:
    global servers
    if servers is not None:
        servers.stop()
        servers = None
    if _folder is not None and _folder.exists():
        embedded.remove(_folder / "data")
        shutil.rmtree(_folder)


def _use(database_url: str, redis_url: str) -> None:
    name = "_".join(filter(None, ["fairlane_test", WORKER]))
    _publish(_make_anew(database_url, name), _redis_database_of_worker(redis_url))


def _redis_database_of_worker(url: str) -> str:
    """Each xdist worker (gw0, gw1…) empties a database of its own."""
    if not WORKER:
        return url
    part = urlsplit(url)
    first = int(part.path.strip("/") or 0)
    return urlunsplit(part._replace(path=f"/{first + 1 + int(WORKER.removeprefix('gw'))}"))


def as_admin(url: str) -> str:
    """A superuser's address of a database on the tests' server."""
    return make_conninfo(_admin_url(), dbname=conninfo_to_dict(url)["dbname"])


def _admin_url() -> str:
    return servers.postgres_url if servers is not None else os.environ["TEST_ADMIN_DATABASE_URL"]


def second_database(name: str) -> Urls:
    """One more database beside the tests' own, empty, with the same roles. Once a session for each name."""
    return _make_anew(_admin_url(), "_".join(filter(None, ["fairlane_test", name, WORKER])))


def _make_anew(url: str, name: str) -> Urls:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    # A server that asks the administrator for a password asks the roles too.
    passwords = dict.fromkeys(ROLES, "fairlane-test") if conninfo_to_dict(url).get("password") else None
    return prepare_database(url, name, passwords)


def _publish(urls: Urls, redis_url: str) -> None:
    """The environment's own DATABASE_URL and REDIS_URL are never used: tests empty what they are given."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="settings.test",
        SECRET_KEY="not a secret: tests only",
        DATABASE_URL=urls.app,
        WORKER_DATABASE_URL=urls.worker,
        OWNER_DATABASE_URL=urls.owner,
        REDIS_URL=redis_url,
    )
