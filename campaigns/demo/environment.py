"""The servers of the demo, and the settings that name them. Runs before Django, which reads these settings."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext

import psycopg

from campaigns.demo import kept
from campaigns.demo.options import Options, read_options
from campaigns.demo.saying import say
from engine import embedded
from engine.embedded import valkey
from engine.errors import EmbeddedServerError, UnsafeRole
from engine.lanes import BROKER_ERRORS
from engine.roles import ROLES, Urls, prepare_database
from engine.sql import load

QUERIES = load("campaigns.demo", "demo.sql")
DATABASE = "fairlane_demo"  #: on a server that was given; never one that somebody else may use


def environment_of(arguments: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """What a command line of manage.py needs around it: for `demo` its servers, for others nothing."""
    return demo_environment() if list(arguments[1:2]) == ["demo"] else nullcontext()


@contextmanager
def demo_environment() -> Iterator[None]:
    """Start servers, or use DATABASE_URL and REDIS_URL, and put their addresses into the environment.

    Ctrl-C, SIGTERM and a closed terminal all end the demo in order: as a KeyboardInterrupt.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    options = read_options()
    try:
        with ExitStack() as stack:
            _publish(options, *_begin(options, stack))
            yield
    except KeyboardInterrupt:
        sys.exit(130)


def _begin(options: Options, stack: ExitStack) -> tuple[Urls, str]:
    try:
        return _servers(options, stack)
    except (EmbeddedServerError, UnsafeRole, psycopg.Error, *BROKER_ERRORS) as error:
        sys.exit(f"The demo cannot start: {error}")


def _servers(options: Options, stack: ExitStack) -> tuple[Urls, str]:
    admin_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    if bool(admin_url) != bool(redis_url):
        sys.exit("Set both DATABASE_URL and REDIS_URL to use servers that run already, or neither.")
    if admin_url and redis_url:
        if options.fresh:
            sys.exit(
                "DEMO_FRESH removes the data of the demo's own servers only, not those on a server that was given."
            )
        valkey.ping(redis_url)
        return _prepare_given(options, admin_url), redis_url
    if options.fresh:
        embedded.remove(options.data)
    servers = stack.enter_context(embedded.start(options.data))
    say(f"PostgreSQL and Valkey run, data in {options.data}")
    return prepare_database(servers.postgres_url), servers.redis_url


def _prepare_given(options: Options, admin_url: str) -> Urls:
    """Roles are the whole server's: those of another installation must not get other passwords."""
    options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    own = kept.read(options.data)
    with psycopg.connect(admin_url, connect_timeout=5) as admin:
        row = admin.execute(QUERIES["find_roles"], [list(ROLES)]).fetchone()
    if row != (0,) and not own.roles_made:
        sys.exit("The server of DATABASE_URL has Fairlane's roles already, and the demo would change their passwords.")
    urls = prepare_database(admin_url, DATABASE, own.passwords)
    own.roles_made = True
    kept.write(options.data, own)
    say(f"the database {DATABASE} on the given server is ready")
    return urls


def _publish(options: Options, urls: Urls, redis_url: str) -> None:
    own = kept.read(options.data)
    kept.write(options.data, own)
    options.log_folder.mkdir(exist_ok=True)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="settings.dev",
        DEBUG="0",
        SECRET_KEY=own.secret_key,
        DATABASE_URL=urls.app,
        WORKER_DATABASE_URL=urls.worker,
        OWNER_DATABASE_URL=urls.owner,
        REDIS_URL=redis_url,
        FAIRLANE_ENVIRONMENT="demo",
        PYTHONUNBUFFERED="1",
    )
