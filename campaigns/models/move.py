"""Moves: those inside one version of a campaign, taken to another by a plan."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from campaigns.models.columns import LineField, TenantOwned


class Move(TenantOwned):
    """One move. People start and undo it (campaigns/moves.py), maintenance does the rest."""

    class State(models.TextChoices):
        MOVING = "moving", "Moving"
        MOVED = "moved", "Moved"
        UNDOING = "undoing", "Going back"
        UNDONE = "undone", "Undone"

    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="moves"
    )
    from_version = models.IntegerField()
    to_version = models.IntegerField()
    plan = models.JSONField()  #: old step -> {"to": new step or null, "keeps": whether its wait goes on}
    state = LineField(default=State.MOVING, db_default=State.MOVING, choices=State.choices)
    total = models.IntegerField()  #: runs when it was started
    moved = models.IntegerField(default=0, db_default=0)
    ended = models.IntegerField(default=0, db_default=0)
    undone = models.IntegerField(default=0, db_default=0)
    started_by = LineField()
    started_at = models.DateTimeField(db_default=Now())
    turn_at = models.DateTimeField(null=True, db_default=Now())  #: of its last turn; None when nothing is left to do

    class Meta:
        indexes = (
            models.Index(fields=["turn_at"], name="campaigns_move_open", condition=models.Q(turn_at__isnull=False)),
            models.Index(fields=["tenant", "campaign", "-id"], name="campaigns_move_by_campaign"),
        )

    @property
    def goes_back(self) -> bool:
        """Whether those moved are, or were, taken back."""
        return self.state in (self.State.UNDOING, self.State.UNDONE)

    @property
    def dealt_with(self) -> int:
        """How many were moved or are out; on the way back those who are back."""
        return self.undone if self.goes_back else self.moved + self.ended

    @property
    def expected(self) -> int:
        """Of how many; some may have parked on the old version after the move began."""
        return self.moved if self.goes_back else max(self.total, self.dealt_with)

    def __str__(self) -> str:
        return f"move {self.pk} from version {self.from_version} to {self.to_version}"
