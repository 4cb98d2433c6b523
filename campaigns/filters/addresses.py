"""Operators of text that is an e-mail address."""

from __future__ import annotations

import re
from typing import Any

from campaigns.filters.strings import literally
from campaigns.language.context import Context
from campaigns.language.folding import fold
from campaigns.language.operator import Family, Moment, Nulls, Operand, operator
from campaigns.language.sqltext import Sql, sql

Wanted = tuple[str, ...]

#: One form for Python and PostgreSQL, of folded text.
ADDRESS = r"[!-?A-~]+@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"
_ADDRESS = re.compile(ADDRESS)
FREE_MAIL = (
    "aol.com", "free.fr", "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net", "googlemail.com",
    "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.fr", "icloud.com", "laposte.net", "libero.it",
    "live.com", "mail.com", "mail.ru", "me.com", "msn.com", "orange.fr", "outlook.com", "outlook.de", "posteo.de",
    "proton.me", "protonmail.com", "qq.com", "t-online.de", "web.de", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com",
    "yahoo.de", "yahoo.fr", "yandex.ru", "zoho.com", "163.com",
)  # fmt: skip


def domain_of(address: str) -> str:
    """What stands behind the last @, folded; nothing where there is none."""
    return fold(address).rpartition("@")[2] if "@" in address else ""


def _domain(value: Sql) -> Sql:
    found = sql("substring(campaigns_fold({}) FROM '@([^@]*)$')", value)
    return sql("CASE WHEN {} IS NOT NULL THEN coalesce({}, '') END", value, found)


DOMAIN = Family(
    operand=lambda options: lambda text: fold(text).removeprefix("@"),
    value=lambda options: domain_of,
    sql_value=lambda options: _domain,
)


def _among(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} = ANY({}::text[])", value, list(wanted))


def _not_among(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("{} <> ALL({}::text[])", value, list(wanted))


@operator("domain_is", "string", operand=Operand.SOME, family=DOMAIN, sql=_among)
def domain_is(value: str, wanted: Wanted, context: Context) -> bool:
    """An e-mail address of one of the domains."""
    return value in wanted


@operator("domain_is_not", "string", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=DOMAIN, sql=_not_among)
def domain_is_not(value: str, wanted: Wanted, context: Context) -> bool:
    """An e-mail address of none of the domains."""
    return value not in wanted


def _under(value: Sql, wanted: Wanted, moment: Moment) -> Sql:
    return sql("'.' || {} LIKE ANY({}::text[])", value, [f"%.{literally(text.removeprefix('.'))}" for text in wanted])


@operator("domain_ends_with", "string", operand=Operand.SOME, family=DOMAIN, sql=_under)
def domain_ends_with(value: str, wanted: Wanted, context: Context) -> bool:
    """An e-mail address of one of the domains or of a domain under it."""
    return f".{value}".endswith(tuple(f".{text.removeprefix('.')}" for text in wanted))


def _free(value: Sql, wanted: Any, moment: Moment) -> Sql:
    return _among(value, FREE_MAIL, moment)


@operator("is_free_mail", "string", family=DOMAIN, sql=_free)
def is_free_mail(value: str, wanted: Any, context: Context) -> bool:
    """An e-mail address of a provider where anybody can have one."""
    return value in FREE_MAIL


FOLDED = Family(value=lambda options: fold, sql_value=lambda options: lambda value: sql("campaigns_fold({})", value))


def _is_address(value: Sql, wanted: Any, moment: Moment) -> Sql:
    return sql("{} ~ {}", value, f"^({ADDRESS})$")


@operator("is_valid_email", "string", family=FOLDED, sql=_is_address)
def is_valid_email(value: str, wanted: Any, context: Context) -> bool:
    """Has the form of an e-mail address."""
    return _ADDRESS.fullmatch(value) is not None
