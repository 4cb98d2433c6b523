"""The product: leads, campaigns and what they do; executed by the engine."""

from __future__ import annotations

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = "Campaigns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Wires the signals of leads."""
        from campaigns import signals  # noqa: PLC0415

        signals.connect()
