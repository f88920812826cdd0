"""What a request may say of its sender without a right key: too little, or somebody's word."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from conformance.forge.params import with_params, with_query

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.forge.requests import Request

    Header = tuple[str, str]

_UNFILLED = ("null", "undefined", "None", "anonymous", "${API_KEY}", "[object Object]")
"""What clients send whose configuration has no key."""
_ADDRESSES = ("X-Forwarded-For", "X-Real-IP", "True-Client-IP", "X-Client-IP", "CF-Connecting-IP")
_USERS = (
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Preferred-Username",
    "X-Auth-Request-User",
    "X-Auth-Request-Email",
    "X-Authenticated-User",
    "X-Authenticated-UserId",
    "X-Remote-User",
    "Remote-User",
    "X-WebAuth-User",
    "X-User",
    "X-User-Id",
    "X-User-Email",
    "X-Goog-Authenticated-User-Email",
    "Cf-Access-Authenticated-User-Email",
    "Tailscale-User-Login",
    "X-MS-Client-Principal-Id",
    "X-MS-Client-Principal-Name",
    "X-Amzn-Oidc-Identity",
)
_TENANTS = (
    "X-Tenant-ID",
    "X-Tenant",
    "Tenant-Id",
    "X-Org-Id",
    "X-Organization-Id",
    "X-Account-Id",
    "X-Workspace-Id",
    "X-Customer-Id",
    "X-Scope-OrgID",
)
_CONSUMERS = ("X-Consumer-ID", "X-Consumer-Username", "X-Credential-Identifier", "X-Client-Id")
_PATHS = ("X-Original-URL", "X-Original-URI", "X-Rewrite-URL", "X-Forwarded-Uri")
_INTERNAL = (
    ("X-Internal", "1"),
    ("X-Internal-Request", "true"),
    ("X-Internal-Service", "gateway"),
    ("X-Service-Name", "gateway"),
    ("X-Envoy-Internal", "true"),
    ("X-From-Gateway", "true"),
    ("X-Skip-Auth", "true"),
    ("X-Bypass-Auth", "true"),
    ("X-Authenticated", "true"),
    ("X-Debug", "1"),
    ("X-Test", "1"),
)
_ADMIN = (
    ("X-Admin", "true"),
    ("X-Is-Admin", "true"),
    ("X-Role", "admin"),
    ("X-Roles", "admin"),
    ("X-User-Role", "admin"),
    ("X-Scopes", "*"),
)
_CERTIFICATE = (
    ("X-SSL-Client-Verify", "SUCCESS"),
    ("SSL-Client-Verify", "SUCCESS"),
    ("X-Client-Verify", "SUCCESS"),
    ("X-SSL-Client-S-DN", "CN=admin"),
    ("X-SSL-Client-CN", "admin"),
    ("X-Forwarded-Client-Cert", 'By=spiffe://mesh/server;Subject="CN=admin"'),
)
_NAMES = ("tenant", "tenant_id", "tenantId", "org_id", "orgId", "account_id", "user", "user_id")


def too_little(name: str, scheme: str, real: str, unknown: str) -> dict[str, Header]:
    """Return headers that hold no right key, by what they hold.

    ``name`` and ``scheme`` are how the target's keys are sent; ``unknown`` was never issued.
    """
    start = f"{scheme} " if scheme else ""
    found = {
        "an empty key": (name, scheme),
        "half a key": (name, f"{start}{real[: len(real) // 2]}"),
        "Bearer alone": ("Authorization", "Bearer"),
        "Basic alone": ("Authorization", "Basic"),
        "neither user nor password": ("Authorization", "Basic Og=="),
        "the last half of a key": (name, f"{start}{real[len(real) // 2 :]}"),
        "an unknown key": (name, f"{start}{unknown}"),
        "an unknown bearer token": ("Authorization", f"Bearer {unknown}"),
        "an unknown key elsewhere": ("X-Api-Key", unknown),
    }
    found |= {f"{word} for a key": (name, f"{start}{word}") for word in _UNFILLED}
    found["null for a bearer token"] = ("Authorization", "Bearer null")
    kept: dict[Header, str] = {}
    for what, (header, value) in found.items():
        kept.setdefault((header.lower(), value.rstrip(" ")), what)
    return {what: header for header, what in kept.items()}


def hearsay(tenant: str) -> dict[str, tuple[Header, ...]]:
    """Return headers by which a proxy tells whom it let through, by what they tell.

    Those of one kind go together: each is a request less, and who believes one lets it in.
    """
    tenants = tuple((name, tenant) for name in _TENANTS)
    return {
        "a tenant": tenants,
        "a user": tuple((name, "admin@example.com") for name in _USERS),
        "a user of that name": tuple((name, tenant) for name in _USERS),
        "a tenant and its user": (*tenants, *((name, "admin@example.com") for name in _USERS)),
        "the server's own address": (
            *((name, "127.0.0.1") for name in _ADDRESSES),
            ("Forwarded", "for=127.0.0.1"),
            ("X-Forwarded-Host", "localhost"),
        ),
        "a consumer of a gateway": tuple((name, tenant) for name in _CONSUMERS),
        "a client's certificate": _CERTIFICATE,
        "an internal call": _INTERNAL,
        "an administrator": _ADMIN,
        "an open path": tuple((name, "/health") for name in _PATHS),
    }


def tenant_elsewhere(tenant: str, path: str) -> dict[str, Callable[[Request], Request]]:
    """Return changes of a request that name a tenant where it is the caller's to fill in."""
    names: dict[str, str] = dict.fromkeys(_NAMES, tenant)
    query = with_query(path, urlencode(names))
    cookie = "; ".join(f"{name}={value}" for name, value in names.items())
    return {
        "the query": lambda request: request.but(path=query),
        "_meta": lambda request: _told(request, "_meta", names),
        "the arguments": lambda request: _told(request, "arguments", names),
        "a cookie": lambda request: request.with_header("Cookie", cookie),
    }


def _told(request: Request, place: str, names: dict[str, str]) -> Request:
    """Return a JSON-RPC request that says more in one of its parameters."""
    return with_params(
        request, lambda params: {**params, place: {**(params.get(place) or {}), **names}}
    )
