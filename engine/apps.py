"""Django's entry to the engine."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class EngineConfig(AppConfig):
    name = "engine"
    label = "engine"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Wires the check of the database role, and makes the Celery app the one that shared tasks use."""
        from engine import celery  # noqa: F401, PLC0415
        from engine.checks import refuse_unsafe_role  # noqa: PLC0415

        connection_created.connect(refuse_unsafe_role, dispatch_uid="engine.refuse_unsafe_role")
