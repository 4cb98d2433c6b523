"""The engine's tables that people look at; the ledger is the executor's alone and has no model."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class TenantControl(models.Model):
    """What a tenant may use of the workers; engine/control.py is the only writer."""

    tenant_id = models.TextField(primary_key=True, db_collation="C")
    lanes = models.PositiveSmallIntegerField()
    weight = models.FloatField(default=1.0)
    cap = models.PositiveIntegerField(default=0)
    database = models.TextField(default="default")
    rate = models.FloatField(db_default=0.0)  #: most events a second; 0: no limit
    state = models.TextField(db_default="active")  #: active, paused or draining
    generation = models.BigIntegerField(db_default=0)  #: how often it was aborted
    changed_at = models.DateTimeField(null=True)  #: the last time somebody changed it

    def __str__(self) -> str:
        return self.tenant_id


class Abort(models.Model):
    """Once somebody threw away what waited of a tenant; engine/abort.py is the only writer."""

    tenant_id = models.TextField(db_collation="C")
    generation = models.BigIntegerField()
    aborted_by = models.TextField()
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  #: null: it broke off, nobody knows how far it came
    events = models.BigIntegerField(null=True)  #: how many were thrown away

    class Meta:
        constraints = (models.UniqueConstraint("tenant_id", "generation", name="abort_once"),)

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.generation}"


class DeadLetter(models.Model):
    """An event that will not be tried again, with its bytes and the error; waits for a person."""

    tenant_id = models.TextField(db_collation="C")
    lane = models.PositiveSmallIntegerField()
    lead = models.TextField(blank=True)  #: empty when the bytes could not be read
    event_id = models.TextField(blank=True)
    event_type = models.TextField(blank=True)
    payload = models.BinaryField()
    error = models.TextField()
    attempts = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    ended = models.TextField(null=True)  #: "retried" or "dropped" by a person; engine/deadletters.py
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["tenant_id", "-id"], name="deadletter_by_tenant"),)

    def __str__(self) -> str:
        return f"{self.event_type or 'unreadable'} {self.event_id}".strip()


class OutboxRow(models.Model):
    """Events born in a database transaction, until they are in their lanes."""

    tenant_id = models.TextField(db_collation="C")
    events = models.BinaryField()  #: one event per line, as in a lane
    size = models.PositiveIntegerField()  #: how many
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "engine_outbox"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.pk}"
