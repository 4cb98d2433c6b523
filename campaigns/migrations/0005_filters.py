"""What filters over leads compute in the database."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

from campaigns.language import folding

FUNCTIONS = (Path(__file__).parent / "sql" / "filters.sql").read_text()


def _functions() -> str:
    """The functions with their tables of characters."""
    pairs = [(first, to) for first, to in folding.folds() if first > 127]
    latin = [pair for pair in pairs if pair[0] < 0x250]
    filled = {
        "@FOLDED@": "".join(chr(first) for first, _ in pairs),
        "@MARKS@": folding.bracket("mark"),
        "@YOUNGER@": folding.bracket("younger"),
    }
    for name, table in {"LATIN": latin, "WIDE": pairs}.items():
        filled[f"@{name}@"] = "".join(chr(first) for first, _ in table)
        filled[f"@{name}_FOLDS@"] = "".join(chr(to) for _, to in table)
    text = FUNCTIONS
    for name, value in filled.items():
        text = text.replace(name, value)
    return text


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0004_records"),
    ]

    operations = [migrations.RunSQL(_functions(), migrations.RunSQL.noop)]
