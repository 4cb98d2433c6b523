"""Where a lead's values are in the database: the SQL of each field, as memory reads it (campaigns/leads.py).

A query over leads calls campaigns_lead `l` and its company `c`.
"""

from __future__ import annotations

from campaigns.language.operator import Moment
from campaigns.language.schema import FieldSpec
from campaigns.language.sqltext import Sql, sql

#: Those that are no custom fields.
COLUMNS = {
    "email": "l.email",
    "first_name": "l.first_name",
    "last_name": "l.last_name",
    "phone": "l.phone",
    "stage": "l.stage",
    "score": "l.score",
    "tags": "NULLIF(l.tags, '{}')",
    "company": "(SELECT c.name FROM campaigns_company AS c WHERE c.tenant_id = l.tenant_id AND c.id = l.company_id)",
    "owner": "(SELECT o.email FROM campaigns_owner AS o WHERE o.tenant_id = l.tenant_id AND o.id = l.owner_id)",
}
_READERS = {
    "string": "campaigns_read_text(l.fields -> {})",
    "text": "campaigns_read_text(l.fields -> {})",
    "picklist": "campaigns_read_text(l.fields -> {})",
    "integer": "campaigns_read_integer(l.fields -> {})",
    "decimal": "campaigns_read_decimal(l.fields -> {})",
    "boolean": "campaigns_read_boolean(l.fields -> {})",
    "date": "campaigns_read_date(l.fields -> {})",
    "datetime": "campaigns_read_datetime(l.fields -> {})",
    "currency": "campaigns_read_currency(l.fields -> {})",
    "geo": "campaigns_read_object(l.fields -> {})",
    "json": "campaigns_read_object(l.fields -> {})",
}
#: The keys of the lists that are not archived.
_LISTS = """(SELECT array_agg(s.key) FROM campaigns_listmember AS m
    JOIN campaigns_staticlist AS s ON s.tenant_id = m.tenant_id AND s.id = m.list_id AND NOT s.archived
    WHERE m.tenant_id = l.tenant_id AND m.lead_id = l.id)"""


def value_of(name: str, moment: Moment) -> Sql | None:
    """The SQL of a field's value, null where it has none; None for a type that only memory reads."""
    if name in COLUMNS:
        return Sql(COLUMNS[name])
    if name == "lists":
        return Sql(_LISTS)
    return _custom(moment.schema.fields[name])


def _custom(spec: FieldSpec) -> Sql | None:
    if spec.type == "multi_select":
        options = None if spec.options is None else sorted(spec.options)
        return sql("campaigns_read_set(l.fields -> {}, {}::text[])", spec.key, options)
    reader = _READERS.get(spec.type)
    if reader is None:
        return None
    value = sql(reader, spec.key)
    if spec.type != "picklist" or spec.options is None:
        return value
    return sql("(SELECT o FROM unnest({}::text[]) AS o WHERE o = {})", sorted(spec.options), value)
