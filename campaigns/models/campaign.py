"""Campaigns and their published versions."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from campaigns.language.priority import HIGH, LOW, NORMAL, PLACES
from campaigns.models.columns import KEY, LineField, TenantOwned, is_key, matches, unique_in_tenant


class Campaign(TenantOwned):
    """What to do when something happens. Only campaigns/operations.py changes status and live_version."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        ARCHIVED = "archived", "Archived"

    class PauseMode(models.TextChoices):
        """What a pause does to those inside, and to those who would enter."""

        FREEZE = "freeze", "Nobody enters; those inside rest where they are"
        COLLECT = "collect", "Those who would enter wait at the door; those inside rest where they are"
        DRAIN = "drain", "Nobody enters; those inside go on to the end"
        END = "end", "Nobody enters; those inside are out at once"

    class Overdue(models.TextChoices):
        """What becomes, on resuming, of runs whose time came during the pause."""

        RUN = "run", "They go on at once"
        END = "end", "They are over"

    class Priority(models.TextChoices):
        """Whose turn it is among the tenant's campaigns."""

        HIGH = HIGH, "High: before the tenant's other work"
        NORMAL = NORMAL, "Normal"
        LOW = LOW, "Low: after the tenant's other work"

    key = LineField(validators=[is_key], help_text="Used by the API and in activities. It cannot be changed later.")
    name = LineField()
    status = LineField(default=Status.DRAFT, db_default=Status.DRAFT, editable=False, choices=Status.choices)
    pause_mode = LineField(
        default=PauseMode.FREEZE, db_default=PauseMode.FREEZE, editable=False, choices=PauseMode.choices
    )
    overdue = LineField(default=Overdue.RUN, db_default=Overdue.RUN, editable=False, choices=Overdue.choices)
    tripped_at = models.DateTimeField(null=True, editable=False)  #: stopped by itself
    tripped_why = LineField(default="", db_default="", editable=False)
    emptied_at = models.DateTimeField(null=True, editable=False)  #: runs entered before this are over
    next_batch_at = models.DateTimeField(null=True, editable=False)  #: when its schedule starts the next batch
    draft = models.JSONField(default=dict, blank=True)  #: the document being edited
    live_version = models.IntegerField(null=True, editable=False)
    position = models.IntegerField(
        default=0,
        db_default=0,
        help_text="Of campaigns of one priority that answer one event, the lowest goes first.",
    )
    priority = LineField(
        default=Priority.NORMAL, db_default=Priority.NORMAL, choices=Priority.choices,
        help_text="It orders the work within the tenant's share, takes nothing from other tenants, and holds at once. "
        "What happens to one lead stays in its order.",
    )  # fmt: skip

    class Meta:
        ordering = ("position", "id")
        indexes = (
            models.Index(
                fields=["emptied_at"], name="campaigns_campaign_emptied", condition=models.Q(emptied_at__isnull=False)
            ),
            models.Index(
                fields=["next_batch_at"],
                name="campaigns_campaign_next_batch",
                condition=models.Q(next_batch_at__isnull=False),
            ),
        )
        constraints = (
            unique_in_tenant("key", table="campaigns_campaign", message="There is a campaign with this key already."),
            models.UniqueConstraint(fields=["tenant", "id"], name="campaigns_campaign_tenant_id"),
            matches("key", KEY, "campaigns_campaign"),
            models.CheckConstraint(
                condition=models.Q(priority__in=list(PLACES)), name="campaigns_campaign_priority_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["draft", "archived"])
                | models.Q(status__in=["active", "paused"], live_version__isnull=False),
                name="campaigns_campaign_status_has_version",
            ),
        )

    def __str__(self) -> str:
        return self.name


class CampaignVersion(TenantOwned):
    """A published document. Immutable: the database refuses UPDATE and DELETE."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="versions"
    )
    number = models.IntegerField()
    document = models.JSONField()
    published_at = models.DateTimeField(db_default=Now())
    published_by = LineField()  #: the user's name, which outlives the user

    class Meta:
        verbose_name = "campaign version"
        ordering = ("campaign", "-number")
        constraints = (unique_in_tenant("campaign", "number", table="campaigns_version"),)

    def __str__(self) -> str:
        return f"version {self.number}"
