"""The kinds of events a tenant accepts."""

from __future__ import annotations

from django.db import models

from campaigns.models.columns import NAME, LineField, TenantOwned, is_name, matches, unique_in_tenant


class EventType(TenantOwned):
    """A kind of event, with the attributes its data may have. Names with a dot are the engine's own."""

    name = LineField(validators=[is_name], help_text="What the API calls it, for example purchase.")
    label = LineField()
    attributes = models.JSONField(default=list, blank=True)  #: [{"name", "type", "required"}], types as of fields
    open = models.BooleanField("accepts other attributes", default=False, db_default=False)

    class Meta:
        verbose_name = "event type"
        ordering = ("name",)
        constraints = (
            unique_in_tenant(
                "name", table="campaigns_eventtype", message="There is an event type with this name already."
            ),
            matches("name", NAME, "campaigns_eventtype"),
        )

    def __str__(self) -> str:
        return self.label
