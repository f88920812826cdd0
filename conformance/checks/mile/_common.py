"""Calls of tools that were given credentials, and what is told of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from conformance.forge.filling import with_filled_in
from conformance.forge.guise import own_word
from conformance.profile.target import supplied
from conformance.text.nested import texts
from conformance.text.tool_credentials import leaks
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.delivery import DownstreamTool
    from conformance.profile.target import Target


@dataclass(frozen=True)
class Variable:
    """A variable of a tool's process: its name, the SHA-256 of its value, and at times that."""

    name: str
    digest: str
    value: str | None


def digest_of(value: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hex."""
    return hashlib.sha256(value.encode()).hexdigest()


def delivered(tenant: TenantKeys) -> dict[str, str]:
    """Return what is delivered to a tenant's tools, by the name it is kept by."""
    return {one.name: one.value for one in tenant.tenant.credentials}


def all_delivered(keys: Keys) -> dict[str, str]:
    """Return what is delivered of both tenants, by words for a sentence."""
    return {
        f"tenant {label}'s {name}": value
        for label, tenant in (("A", keys.a), ("B", keys.b))
        for name, value in delivered(tenant).items()
    }


def is_provider_key(name: str, target: Target) -> bool:
    """Tell whether a credential is delivered under one name alone."""
    return name in target.delivery.provider_keys


def one_of_each_kind(target: Target) -> list[DownstreamTool]:
    """Return the first tool that shows a provider's key, and the first that shows another one."""
    found = dict[bool, "DownstreamTool"]()
    for tool in target.tools.downstream:
        found.setdefault(is_provider_key(tool.credential, target), tool)
    return list(found.values())


def call_with_a_word(
    wire: Wire, name: str, arguments: Mapping[str, Any], tenant: TenantKeys, **filled: str
) -> tuple[str, Answer]:
    """Call a tool as a tenant; return the word of its own in the call, and the answer."""
    word = own_word()
    given = with_filled_in(dict(arguments), {"unique": word, **filled})
    return word, wire.call_tool(name, given, key=tenant.active)


def leaking(credentials: Mapping[str, str], text: str) -> list[str]:
    """Return the names of those credentials that a text gives away, in any usual encoding."""
    return [name for name, value in credentials.items() if leaks(value, text)]


def told_by(answer: Answer) -> str:
    """Return all that an answer tells, as it came and with every text decoded."""
    head = "\n".join(f"{name}: {value}" for name, value in answer.headers)
    return "\n".join([head, answer.text, *texts(answer.message)])


def variables_of(wire: Wire, tenant: TenantKeys) -> dict[str, Variable]:
    """Return the variables of the process that works for a tenant, by their names.

    Raises NotEstablishedError where the tool tells of none.
    """
    tool = supplied(wire.target.tools.environment)
    answer = wire.call_tool(tool.name, tool.arguments, key=tenant.active)
    found = {
        str(one[tool.name_field]): Variable(
            str(one[tool.name_field]),
            str(one[tool.digest_field]).lower(),
            str(one[tool.value_field]) if tool.value_field in one else None,
        )
        for one in _objects(answer.data)
        if tool.name_field in one and tool.digest_field in one
    }
    establish(found, f"{tool.name} tells the variables of its process (got {answer})")
    return found


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        yield table
        for one in table.values():
            yield from _objects(one)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _objects(one)
