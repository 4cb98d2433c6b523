"""Operators of text that is a phone number: compared in the one form of E.164, however it is written."""

from __future__ import annotations

import re
from typing import Any

from campaigns.language.callingcodes import country_of
from campaigns.language.context import Context
from campaigns.language.countries import country_code
from campaigns.language.operands import in_form
from campaigns.language.operator import Family, Nulls, Operand, operator
from campaigns.language.phone import e164
from campaigns.language.scope import Scope
from campaigns.language.tokens import Target
from campaigns.language.values import show

Wanted = tuple[str, ...]


def _number_of(text: str) -> str:
    try:
        return e164(text)
    except ValueError:
        return ""


def _country_code(raw: Any, target: Target, scope: Scope, path: str) -> str | None:
    code = str(raw).removeprefix("+")
    if not re.fullmatch(r"[1-9][0-9]{0,2}", code, re.ASCII):
        scope.fault(path, f"expected a country code such as +43, got {show(raw)}")
        return None
    return f"+{code}"


PHONE = Family(literal=_country_code, value=lambda options: _number_of)


@operator("country_code_is", "string", operand=Operand.SOME, family=PHONE)
def country_code_is(value: str, wanted: Wanted, context: Context) -> bool:
    """A phone number with one of the country codes."""
    return value.startswith(wanted)


@operator("is_valid_phone", "string", family=PHONE)
def is_valid_phone(value: str, wanted: Any, context: Context) -> bool:
    """A phone number with its country code."""
    return bool(value)


NUMBER = Family(
    literal=in_form(_number_of, "a phone number with its country code, such as +43 1 58858"),
    value=lambda options: _number_of,
)


@operator("phone_is", "string", operand=Operand.SOME, family=NUMBER)
def phone_is(value: str, wanted: Wanted, context: Context) -> bool:
    """One of these phone numbers, however it is written."""
    return value in wanted


@operator("phone_is_not", "string", operand=Operand.SOME, nulls=Nulls.NEGATIVE, family=NUMBER)
def phone_is_not(value: str, wanted: Wanted, context: Context) -> bool:
    """None of these phone numbers."""
    return value not in wanted


def read_country(raw: Any, target: Target, scope: Scope, path: str) -> str | None:
    """A country by its letters or its English name; None with a fault."""
    try:
        return country_code(raw if isinstance(raw, str) else "")
    except ValueError as error:
        scope.fault(path, f"{error}; got {show(raw)}")
        return None


COUNTRY = Family(literal=read_country, value=lambda options: lambda text: country_of(_number_of(text)))


@operator("phone_country_is", "string", operand=Operand.SOME, family=COUNTRY)
def phone_country_is(value: str, wanted: Wanted, context: Context) -> bool:
    """A phone number of one of these countries, by its two letters or English name."""
    return value in wanted
