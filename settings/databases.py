"""Which databases there are: `default`, which is also the directory, and those that FAIRLANE_DATABASES names.

Each further one has its own DATABASE_URL_<NAME>, WORKER_DATABASE_URL_<NAME> and OWNER_DATABASE_URL_<NAME>, for the
three roles, as `default` has them without a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

NAME = re.compile(r"[a-z][a-z0-9]{0,30}")
RESERVED = ("default", "owner")
ENGINE, ENGINE_OF_FURTHER = "django.db.backends.postgresql", "engine.impatient"
CONNECT_SECONDS, CONNECT_SECONDS_OF_FURTHER = 5, 2


def further_names(text: str) -> list[str]:
    """The names of the further databases. Raises ImproperlyConfigured on one that cannot be."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if not NAME.fullmatch(name) or name in RESERVED:
            raise ImproperlyConfigured(
                f"FAIRLANE_DATABASES: {name!r} is no name for a database: use lower-case letters and digits,"
                f" beginning with a letter, and none of {', '.join(RESERVED)}"
            )
    if len(set(names)) < len(names):
        raise ImproperlyConfigured("FAIRLANE_DATABASES names a database twice")
    return names


def aliases(environ: Mapping[str, str], keep_seconds: int) -> dict[str, dict[str, object]]:
    """Django's DATABASES: each database as the application, and as the owner where that is known.

    Raises ImproperlyConfigured naming the variable that is missing.
    """
    found = {}
    for name in ("default", *further_names(environ.get("FAIRLANE_DATABASES", ""))):
        found[name] = database(_required(environ, variable("DATABASE_URL", name)), keep_seconds)
        if name != "default":
            found[name]["ENGINE"] = ENGINE_OF_FURTHER
            found[name]["OPTIONS"] = {**found[name]["OPTIONS"], "connect_timeout": CONNECT_SECONDS_OF_FURTHER}
        owner = environ.get(variable("OWNER_DATABASE_URL", name))
        if owner:
            found[owner_alias(name)] = database(owner, keep_seconds)
    return found


def worker_urls(environ: Mapping[str, str]) -> dict[str, str]:
    """The further databases as the worker role. Where there is a worker at all, none may be missing."""
    names = further_names(environ.get("FAIRLANE_DATABASES", ""))
    if not environ.get("WORKER_DATABASE_URL"):
        return dict.fromkeys(names, "")
    return {name: _required(environ, variable("WORKER_DATABASE_URL", name)) for name in names}


def variable(role: str, name: str) -> str:
    """Such as DATABASE_URL_BLUE."""
    return role if name == "default" else f"{role}_{name.upper()}"


def owner_alias(name: str) -> str:
    """Django's name of a database as its owner: `migrate --database owner_blue`."""
    return "owner" if name == "default" else f"owner_{name}"


def database(url: str, keep_seconds: int) -> dict[str, object]:
    """Django's form of a PostgreSQL URL; a host that starts with / is a socket directory."""
    part = conninfo_to_dict(url)
    rest = {key: value for key, value in part.items() if key not in {"dbname", "user", "password", "host", "port"}}
    return {
        "ENGINE": ENGINE,
        "NAME": part.get("dbname", ""),
        "USER": part.get("user", ""),
        "PASSWORD": part.get("password", ""),
        "HOST": part.get("host", ""),
        "PORT": str(part.get("port", "")),
        "CONN_MAX_AGE": keep_seconds,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": CONNECT_SECONDS, "application_name": "fairlane-web"} | rest,
    }


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise ImproperlyConfigured(f"Set the {name} environment variable")
    return value
