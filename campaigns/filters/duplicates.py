"""Whether another lead of the tenant has the same in a field, or in several.

One of the columns by which leads are looked up among all must be among them: custom fields are one JSON value, and an
index into that would make every update of a lead dearer, for all tenants. Of those who share it so many are compared
and no more: a bundle asks for hundreds of leads at once, and thousands may have the name “n/a”.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.constraints import EPOCH
from campaigns.language.context import Context
from campaigns.language.history import Look, ask
from campaigns.language.lead import LeadState
from campaigns.language.leadsql import COLUMNS, value_of
from campaigns.language.leaf import NEVER, Node, condition, membership, read_membership
from campaigns.language.operator import Moment
from campaigns.language.schema import FieldSpec, TenantSchema
from campaigns.language.scope import Scope
from campaigns.language.sqltext import TRUE, Sql, joined, sql
from campaigns.language.values import TYPES, show

FIELDS_LIMIT = 5
COMPARED = 200  #: of those that share what leads are looked up by, the first ones that were made
TEXTS = ("string", "text", "picklist")
COMPANY = "company"  #: known by its id: companies have one name each
#: What leads are looked up by, the closest first. Each is served by an index (migrations/sql/duplicates.sql).
LOOKED_UP_BY = (("email",), ("phone",), ("first_name", "last_name"), ("company",))


@condition("duplicate")
def duplicate(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """Another lead has the same, but for case, in a field or in all of several: {"duplicate": "email"}, {"duplicate":
    ["first_name", "last_name", "company"], "operator": "in"}. As stored before the present event: what that has brought
    is not looked up yet. Who has no value in one of them has no duplicate."""
    negative = read_membership(raw, "duplicate", scope, path)
    fields = _read_fields(raw["duplicate"], scope, f"{path}.duplicate")
    if fields is None:
        return NEVER
    look = Look(f"duplicate:{' '.join(fields)}", _another(fields, scope.schema))
    scope.needs_history.add(look)

    def matches(lead: LeadState, context: Context) -> bool:
        return lead.changed.isdisjoint(fields) and bool(ask(lead, look, context))

    def values(lead: LeadState, context: Context) -> Any:
        return {name: lead.values.get(name) for name in fields}

    return membership(matches, lambda moment: look.test, values, negative=negative)


def _read_fields(raw: Any, scope: Scope, path: str) -> list[str] | None:
    """The fields, in the order of their names; None with a fault."""
    names = raw if isinstance(raw, list) else [raw]
    if not 1 <= len(names) <= FIELDS_LIMIT:
        scope.fault(path, f"expected a field, or a list of at most {FIELDS_LIMIT}, got {show(raw)}")
        return None
    before = len(scope.faults)
    for place, name in enumerate(names):
        at = f"{path}[{place}]" if isinstance(raw, list) else path
        spec = scope.find_field(name, at)
        if spec is not None and spec.type not in TEXTS:
            scope.fault(at, f"'{name}' is {TYPES[spec.type].label}; only text is compared with that of other leads")
    if len(scope.faults) > before:
        return None
    if _looked_up_by(names) is None:
        known = ", ".join(" with ".join(some) for some in LOOKED_UP_BY)
        scope.fault(path, f"among all leads only these are looked up: {known}; put one of them beside {show(raw)}")
        return None
    return sorted(set(names))


def _looked_up_by(names: list[str]) -> tuple[str, ...] | None:
    return next((some for some in LOOKED_UP_BY if set(some) <= set(names)), None)


def _another(fields: list[str], schema: TenantSchema) -> Sql:
    """Whether there is another one, of a lead `l`. What it has is folded once, as `own`; then it is compared with each
    of those who share what it is looked up by, `other`: in the rest first, for in that they mostly differ."""
    names = [name for name in fields if name != COMPANY]
    values = {name: value_of(name, Moment(schema, EPOCH)) for name in names}
    mine = [sql(f"campaigns_fold({{}}) AS {_column(name)}, ", value) for name, value in values.items()]
    theirs = [sql(f"{{}} AS {_column(name)}, ", _as_stored(schema.fields[name], values[name])) for name in names]
    shared = _looked_up_by(fields) or ()
    same = [_same(name) for name in fields if name not in shared]
    return sql(
        "EXISTS (SELECT FROM (SELECT l.tenant_id, l.id) AS who CROSS JOIN LATERAL"
        " (SELECT {}l.company_id FROM campaigns_lead AS l WHERE l.tenant_id = who.tenant_id AND l.id = who.id OFFSET 0)"
        " AS own CROSS JOIN LATERAL"
        " (SELECT {}l.company_id FROM campaigns_lead AS l WHERE l.tenant_id = who.tenant_id AND l.id <> who.id"
        " AND l.deleted_at IS NULL AND l.merged_into IS NULL AND {} ORDER BY l.id LIMIT {}) AS other"
        " WHERE CASE WHEN {} THEN {} ELSE FALSE END)",
        _in_a_row(mine), _in_a_row(theirs), joined("AND", [_shared(name) for name in shared]), COMPARED,
        joined("AND", same or [TRUE]), joined("AND", [_same(name) for name in shared]),
    )  # fmt: skip


def _in_a_row(parts: list[Sql]) -> Sql:
    return sql("{}" * len(parts), *parts)


def _as_stored(spec: FieldSpec, value: Sql | None) -> Sql | None:
    """Without a look at its form: it is compared with a value whose form is right."""
    return value if spec.key in COLUMNS else sql("l.fields ->> {}", spec.key)


def _column(name: str) -> str:
    """Names of fields are names for the database, too."""
    return f"v_{name}"


def _same(name: str) -> Sql:
    """Plain letters are folded in place: a call of the function would take five times as long as all the rest."""
    if name == COMPANY:
        return Sql("other.company_id = own.company_id")
    other = f"other.{_column(name)}"
    folded = f'CASE WHEN octet_length({other}) = char_length({other}) THEN lower({other} COLLATE "C")'
    return Sql(f"{folded} ELSE campaigns_fold({other}) END = own.{_column(name)}")


def _shared(name: str) -> Sql:
    """What a lead `l` has in common with the own one, as an index has it."""
    if name == COMPANY:
        return Sql("l.company_id = own.company_id")
    return Sql(
        f"l.{name} IS NOT NULL"
        f" AND hashtextextended(campaigns_fold(l.{name}), 0) = hashtextextended(own.{_column(name)}, 0)"
    )
