"""What is checked of every process that opens Django's database connection."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from engine.conf import conf
from engine.db import refuse_superuser
from engine.errors import UnsafeRole


def refuse_unsafe_role(sender: object, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Receiver of connection_created: web, admin and commands run under row-level security or not at all."""
    if connection.alias not in conf().databases:
        return
    try:
        refuse_superuser(connection.connection, may_bypass_rls=False)
    except UnsafeRole:
        # Django would go on with the open connection at the next query, unchecked.
        connection.close()
        raise
