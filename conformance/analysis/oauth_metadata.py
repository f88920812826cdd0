"""What is wrong with metadata of a resource or an authorization server, in sentences.

RFC 9728, RFC 8414, and what MCP 2026-07-28 asks of both beside that. What they leave to servers is
no fault: entries that nobody knows, methods that are old but permitted, other grants.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.oauth.places import is_safe, is_same, split
from conformance.text.nested import properties

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.channels.oauth.metadata import Document

_SHOWN = 80
_SCOPE = re.compile(r"[!#-\[\]-~]+")
"""One scope (RFC 6749 section 3.3)."""
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of a JWK that its holder alone may have (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1)."""
_CREDENTIALS = re.compile(
    "client_secret|registration_access_token|access_token|refresh_token|id_token|password|"
    "private_key|api_?key|secret|signing_key",
    re.IGNORECASE,
)
"""Names of entries that hold a credential; none of them is one of metadata's."""
_ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "registration_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "pushed_authorization_request_endpoint",
    "device_authorization_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
)
_LISTS = (
    "scopes_supported",
    "response_types_supported",
    "grant_types_supported",
    "token_endpoint_auth_methods_supported",
    "code_challenge_methods_supported",
)
_FLAGS = (
    "authorization_response_iss_parameter_supported",
    "client_id_metadata_document_supported",
    "require_pushed_authorization_requests",
)


def document_faults(document: Document) -> Iterator[str]:
    """Yield what is wrong with any metadata document as an answer."""
    if not document.is_json:
        kind = document.answer.header("content-type")
        yield f"its content type is {_shown(kind)}, not application/json"


def resource_faults(
    entries: dict[str, Any], identifiers: Iterable[str], *, may_be_local: bool
) -> Iterator[str]:
    """Yield what is wrong with a protected resource's metadata (RFC 9728 sections 2 and 3.3).

    ``identifiers`` are those that they may be of, and loopback addresses need no TLS where they
    ``may_be_local``.
    """
    resource = entries.get("resource")
    known = tuple(identifiers)
    if not isinstance(resource, str):
        yield f"resource is {_shown(resource)}"
    elif not any(is_same(resource, one) for one in known):
        yield f"resource is {_shown(resource)}, not {' or '.join(known)}"
    elif not is_safe(resource, may_be_local=may_be_local):
        yield f"resource is {_shown(resource)}, no https URL without a fragment"
    yield from _server_list_faults(entries, may_be_local=may_be_local)
    yield from _scope_faults(entries)
    methods = entries.get("bearer_methods_supported", ["header"])
    if not isinstance(methods, list) or (methods and "header" not in methods):
        yield f"bearer_methods_supported is {_shown(methods)}, and clients send the header"
    elif "query" in methods:
        yield "bearer_methods_supported has query: URLs are logged, and no token may stand in one"
    yield from _url_faults(entries, ("jwks_uri",), may_be_local=may_be_local)


def _server_list_faults(entries: dict[str, Any], *, may_be_local: bool) -> Iterator[str]:
    servers = entries.get("authorization_servers")
    if not isinstance(servers, list) or not servers:
        yield f"authorization_servers is {_shown(servers)}, and names none"
        return
    for server in cast("list[Any]", servers):
        yield from _issuer_faults("authorization_servers", server, may_be_local=may_be_local)


def _issuer_faults(name: str, issuer: Any, *, may_be_local: bool) -> Iterator[str]:
    parts = split(issuer)
    if parts is None or not is_safe(issuer, may_be_local=may_be_local):
        yield f"{name} has {_shown(issuer)}, no https URL"
    elif parts.query or "?" in issuer or "#" in issuer:
        yield f"{name} has {_shown(issuer)}, with a query or a fragment"


def _scope_faults(entries: dict[str, Any]) -> Iterator[str]:
    scopes = entries.get("scopes_supported", [])
    if not isinstance(scopes, list):
        yield f"scopes_supported is {_shown(scopes)}, no list"
        return
    for scope in cast("list[Any]", scopes):
        if not isinstance(scope, str) or not _SCOPE.fullmatch(scope):
            yield f"scopes_supported has {_shown(scope)}, which is no scope"


def server_faults(entries: dict[str, Any], issuer: str, *, may_be_local: bool) -> Iterator[str]:
    """Yield what is wrong with an authorization server's metadata (RFC 8414 sections 2 and 3.3).

    ``issuer`` is the identifier of whose URL the place was made at which they were found.
    """
    told = entries.get("issuer")
    if told != issuer:
        slash = isinstance(told, str) and told.rstrip("/") == issuer.rstrip("/")
        why = " (a slash at the end counts)" if slash else ""
        yield f"issuer is {_shown(told)}, not {_shown(issuer)}{why}"
    yield from _issuer_faults("issuer", told, may_be_local=may_be_local)
    for name in ("authorization_endpoint", "token_endpoint"):
        if name not in entries:
            yield f"{name} is missing"
    yield from _url_faults(entries, _ENDPOINTS, may_be_local=may_be_local)
    yield from _form_faults(entries)
    if "code" not in _items(entries, "response_types_supported"):
        told = entries.get("response_types_supported")
        yield f"response_types_supported is {_shown(told)}, without code"
    if "S256" not in _items(entries, "code_challenge_methods_supported"):
        told = entries.get("code_challenge_methods_supported")
        yield f"code_challenge_methods_supported is {_shown(told)}, without S256"
    grants = entries.get("grant_types_supported", ["authorization_code"])
    if isinstance(grants, list) and "authorization_code" not in grants:
        yield f"grant_types_supported is {_shown(grants)}, without authorization_code"
    signed = "token_endpoint_auth_signing_alg_values_supported"
    if "none" in _items(entries, signed):
        yield f"{signed} has none: a client is then known by what anybody may write"


def _form_faults(entries: dict[str, Any]) -> Iterator[str]:
    for name in _LISTS:
        found = entries.get(name, [])
        if not isinstance(found, list) or not all(
            isinstance(one, str) for one in _items(entries, name)
        ):
            yield f"{name} is {_shown(found)}, no list of texts"
    for name in _FLAGS:
        if not isinstance(entries.get(name, False), bool):
            yield f"{name} is {_shown(entries[name])}, neither true nor false"


def _url_faults(
    entries: dict[str, Any], names: Iterable[str], *, may_be_local: bool
) -> Iterator[str]:
    for name in names:
        url = entries.get(name)
        if name in entries and not is_safe(url, may_be_local=may_be_local):
            yield f"{name} is {_shown(url)}, no https URL without a fragment"


def _items(entries: dict[str, Any], name: str) -> list[Any]:
    found = entries.get(name)
    return cast("list[Any]", found) if isinstance(found, list) else []


def secret_names(document: Any) -> list[str]:
    """Return the names of what in a document is a credential, or the private part of a key."""
    found = list[str]()
    for table in _tables(document):
        if "kty" in table:
            found += [f"{name} of the key {table.get('kid')!r}" for name in _PRIVATE & set(table)]
        found += [
            name
            for name, value in table.items()
            if isinstance(value, str) and value and _CREDENTIALS.fullmatch(name)
        ]
    return sorted(found)


def _tables(document: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a document."""
    if isinstance(document, dict):
        yield cast("dict[str, Any]", document)
    for _, value in properties(document):
        items = cast("list[Any]", value) if isinstance(value, list) else [value]
        yield from (cast("dict[str, Any]", one) for one in items if isinstance(one, dict))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
