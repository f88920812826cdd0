"""Where a request can name a role, tier, scope or tenant that its sender does not have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from conformance.forge.claims import hearsay
from conformance.forge.params import saying_more, with_params, with_query

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
    query = with_query(path, urlencode(texts))
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
        "_meta": lambda request: _told(request, said, "_meta"),
        "the arguments": lambda request: _told(request, said, "arguments"),
        "the parameters": lambda request: _told(request, said),
        "the client's description": lambda request: _told(request, said, "clientInfo"),
    }


def _told(request: Request, more: Mapping[str, Any], entry: str | None = None) -> Request:
    """Return a request whose parameters, or an entry of them, say more, be there any or none."""
    return with_params(request, lambda params: saying_more(params, more, entry))


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
