"""Changes of what a request says: its query, and the parameters of its JSON-RPC message."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.forge.requests import Request

    Params = dict[str, Any]


def with_query(path: str, query: str) -> str:
    """Return a path with a query, behind the one that it may have."""
    return f"{path}{'&' if '?' in path else '?'}{query}"


def message_of(request: Request) -> dict[str, Any]:
    """Return the message of a request; an empty one where it has no body."""
    return json.loads(request.body or b"{}")


def with_params(request: Request, change: Callable[[Params], Params]) -> Request:
    """Return a request with other parameters; a message that has none gets them."""
    message = message_of(request)
    params = change(message.get("params") or {})
    return request.but(body=json.dumps({**message, "params": params}).encode())


def saying_more(params: Params, more: Mapping[str, Any], entry: str | None = None) -> Params:
    """Return parameters that say more, or of which an entry does; what stands there stays."""
    if entry is None:
        return {**more, **params}
    return {**params, entry: {**more, **(params.get(entry) or {})}}
