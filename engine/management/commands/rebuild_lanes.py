"""manage.py rebuild_lanes: put back into the lanes what Redis has lost, by hand."""

from __future__ import annotations

from contextlib import closing

import psycopg
from django.core.management.base import BaseCommand, CommandError

from engine import db
from engine.conf import conf
from engine.errors import EngineError
from engine.lanes import BROKER_ERRORS, lanes
from engine.rebuild import rebuild_lanes


class Command(BaseCommand):
    help = "Compare lanes with the journal and put back what is missing, for losses that leave no trace. Harmless."
    requires_system_checks = ()

    def handle(self, **_: object) -> None:
        if not lanes().settings.journal:
            raise CommandError("there is no journal: FAIRLANE_JOURNAL is off")
        put = sum([_rebuild(database) for database in conf().databases])
        self.stdout.write(f"The lanes are rebuilt: {put} events were put in front of them.")


def _rebuild(database: str) -> int:
    try:
        with closing(db.connect_worker(database, "fairlane-rebuild")) as worker:
            put = rebuild_lanes(worker, database)
    except (psycopg.Error, EngineError, *BROKER_ERRORS) as error:
        raise CommandError(f"the lanes of database {database} are not rebuilt; run this again: {error}") from error
    if put is None:
        why = "somebody else is at it, or Redis lost its memory meanwhile"
        raise CommandError(f"the lanes of database {database} are not rebuilt: {why}")
    return put
