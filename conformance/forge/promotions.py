"""Where a request can name a role, tier, scope or tenant that its sender does not have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from conformance.forge.claims import hearsay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.forge.requests import Request

    Change = Callable[[Request], Request]

USUAL: dict[str, Any] = {
    "role": "admin",
    "roles": ["admin"],
    "tier": "admin",
    "user_type": "admin",
    "userType": "admin",
    "scope": "admin",
    "scopes": ["admin"],
    "permissions": ["*"],
    "is_admin": True,
    "isAdmin": True,
    "admin": True,
}
"""What servers call such things, as far as nobody has told otherwise."""


def promotions(words: Mapping[str, Any], tenant: str, path: str) -> dict[str, Change]:
    """Return changes of a request by which its sender says that it is more, by where it says so.

    ``words`` are what it says, ``tenant`` is another's id, and ``path`` that of the endpoint.
    """
    said = {**words, "tenant": tenant, "tenant_id": tenant, "tenantId": tenant}
    texts = {name: _as_text(value) for name, value in said.items()}
    query = f"{path}{'&' if '?' in path else '?'}{urlencode(texts)}"
    cookie = "; ".join(f"{name}={value}" for name, value in texts.items() if " " not in value)
    fields = {f"X-{name.replace('_', '-').title()}": value for name, value in texts.items()}
    proxied = [pair for what in ("an administrator", "a tenant") for pair in hearsay(tenant)[what]]

    def with_headers(request: Request) -> Request:
        for name, value in (*proxied, *fields.items()):
            request = request.with_header(name, value)
        return request

    return {
        "the query": lambda request: _at(request, query),
        "headers": with_headers,
        "a cookie": lambda request: _with_cookie(request, cookie),
        "_meta": lambda request: told(request, "_meta", said),
        "the arguments": lambda request: told(request, "arguments", said),
        "the parameters": lambda request: told(request, "", said),
        "the client's description": lambda request: told(request, "clientInfo", said),
    }


def told(request: Request, place: str, more: Mapping[str, Any]) -> Request:
    """Return a JSON-RPC request whose parameters say more in one place; "" is beside them all.

    What stands there already stays. A message that has no such place, and whose method knows none,
    gets one.
    """
    message: dict[str, Any] = json.loads(request.body or b"{}")
    params: dict[str, Any] = message.get("params") or {}
    own: dict[str, Any] = params if not place else params.get(place) or {}
    params = {**more, **own} if not place else {**params, place: {**more, **own}}
    return request.but(body=json.dumps({**message, "params": params}).encode())


def said_in_body(body: bytes | None, words: Mapping[str, Any]) -> bytes:
    """Return a JSON body that says more; what it says already stays."""
    own: dict[str, Any] = json.loads(body) if body else {}
    return json.dumps({**words, **own}).encode()


def _at(request: Request, path: str) -> Request:
    return request.but(path=path) if request.path is None else request


def _with_cookie(request: Request, cookie: str) -> Request:
    own = next((value for name, value in request.headers if name.lower() == "cookie"), None)
    return request.with_header("Cookie", f"{own}; {cookie}" if own else cookie)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value).strip('[]"')
