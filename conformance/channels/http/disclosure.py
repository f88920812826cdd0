"""What an answer gives to a caller without a key: a result, a session, tools, or what is known."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from conformance.text.disguised import shows
from conformance.text.found import is_telling, stands_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.channels.http.answer import Answer
    from conformance.profile.target import Target
    from conformance.profile.tenants import Tenant

_ENDPOINT = re.compile(
    r"^event:[ \t]*endpoint[ \t]*\r?\ndata:[^\n]*(?:session_?id=|/(?=[\w-]*\d))[\w-]{16,}",
    re.MULTILINE | re.IGNORECASE,
)
"""How the transport before Streamable HTTP opens a session: a route with its id."""
_SCHEMAS = frozenset({"inputSchema", "input_schema"})


def secrets_of(target: Target) -> dict[str, str]:
    """Return what no stranger may see, by what it is; what the URL itself holds is left out."""
    tenants = target.tenants
    known = {"a": tenants.a, "b": tenants.b, "spare": tenants.spare} if tenants is not None else {}
    found = {
        f"the {what} of [tenants.{name}]": value
        for name, tenant in known.items()
        if tenant is not None
        for what, value in _of(tenant).items()
    }
    if target.admin is not None:
        found["the administrator's token"] = target.admin.token
    return {what: value for what, value in found.items() if value not in target.url}


def _of(tenant: Tenant) -> dict[str, str]:
    found = {
        "id": tenant.id if is_telling(tenant.id) else None,
        "canary": tenant.canary,
        "key": tenant.key,
        "revoked key": tenant.revoked_key,
        "expired key": tenant.expired_key,
    }
    return {what: value for what, value in found.items() if value}


def shown(answer: Answer, secrets: Mapping[str, str]) -> list[str]:
    """Return what of the secrets an answer shows, each where it stands by itself."""
    text = "\n".join((answer.text, *(value for _, value in answer.headers)))
    return [what for what, value in secrets.items() if stands_in(value, text)]


def repeats(answer: Answer, secret: str) -> bool:
    """Tell whether an answer shows a secret, in whatever spelling, in its body or in a field."""
    text = "\n".join((answer.text, *(value for _, value in answer.headers)))
    return shows(secret, text)


def opened(answer: Answer) -> bool:
    """Tell whether an answer is a JSON-RPC result or opens a session, in either transport.

    A page may have a field of that name, and a refusal may name a session that there is not.
    """
    has_result = answer.message.get("jsonrpc") == "2.0" and "result" in answer.message
    has_session = answer.header("mcp-session-id") is not None
    return (
        has_result
        or (has_session and answer.status < HTTPStatus.BAD_REQUEST)
        or _ENDPOINT.search(answer.text) is not None
    )


def lists_tools(answer: Answer) -> bool:
    """Tell whether a page lists tools with what they take, as ``tools/list`` does."""
    found: Any = answer.entries.get("tools") if answer.entries else answer.json
    listed = cast("list[Any]", found) if isinstance(found, list) else []
    return any(map(_is_tool, _entries(listed)))


def _entries(listed: Iterable[Any]) -> list[dict[str, Any]]:
    return [cast("dict[str, Any]", one) for one in listed if isinstance(one, dict)]


def _is_tool(entry: dict[str, Any]) -> bool:
    return isinstance(entry.get("name"), str) and not _SCHEMAS.isdisjoint(entry)
