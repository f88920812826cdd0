"""Where a request may name a tenant beside its credential, and by which names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from conformance.forge.params import message_of, saying_more, with_params, with_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conformance.forge.requests import Request

    Name = str | int
    Put = Callable[[Request, Mapping[str, Name]], Request]

_WORDS = ("tenant", "org", "workspace", "organization", "account", "customer", "team")
"""What servers call a tenant, the commonest first."""
_ELSEWHERE = ("Tenant-Id", "X-Scope-OrgID", "X-Impersonate-Tenant", "X-On-Behalf-Of", "X-Act-As")
"""Headers of other forms than that of X-Tenant-ID."""
_MOST = 32
"""The most names at once: they go into one header, query or object."""
_JOINT = re.compile(r"[_\-\s]+|(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Place:
    """A part of a request that is the caller's to fill in, and the names under which it may.

    ``names`` are the likeliest first. ``value`` is whom they name.
    """

    what: str
    names: tuple[str, ...]
    value: Name
    put: Put

    def naming(self, *names: str) -> Callable[[Request], Request]:
        """Return a change of requests that names the tenant here, by some of the names or all."""
        told = dict.fromkeys(names or self.names, self.value)
        return lambda request: self.put(request, told)


def places(tenant: str, own: Iterable[str], path: str, others_path: str | None) -> list[Place]:
    """Return where a request may name a tenant that belongs to it as a whole.

    ``own`` are words that the target has for one, and ``others_path`` is where that tenant is
    served, if not where everybody is.
    """
    words = tuple(own)
    names, headers = _names(words), _headers(words)
    found = [
        Place("the query", names, tenant, _in_query(path)),
        Place("_meta", names, tenant, _in_params("_meta")),
        Place("params", names, tenant, _in_params()),
    ]
    if tenant.isascii() and tenant.isprintable():
        found += [
            Place("a header", headers, tenant, _in_headers),
            Place("a cookie", names, tenant, _in_cookie),
        ]
    if others_path is not None and others_path != path:
        found.append(Place("the path", (others_path,), tenant, _at_path))
    return found


def argument_places(tenant: str, own: Iterable[str]) -> list[Place]:
    """Return where a call of a tool may name a tenant among its arguments; numbers as such too."""
    names = _names(tuple(own))
    found = [Place("the arguments", names, tenant, _in_params("arguments"))]
    if tenant.isdecimal() and str(int(tenant)) == tenant:
        found.append(
            Place("the arguments, as a number", names, int(tenant), _in_params("arguments"))
        )
    return found


def _names(own: tuple[str, ...]) -> tuple[str, ...]:
    """Return names of an entry, as ``tenant``, ``tenant_id`` and ``tenantId``."""
    found = list(own)
    for word in (*own, *_WORDS):
        stem = word.removesuffix("_id").removesuffix("Id")
        found += [stem, f"{stem}_id", f"{stem}Id"]
    return tuple(dict.fromkeys(name for name in found if name))[:_MOST]


def _headers(own: tuple[str, ...]) -> tuple[str, ...]:
    """Return names of a header, as ``X-Tenant`` and ``X-Tenant-Id``."""
    found: list[str] = []
    for word in (*own, *_WORDS):
        parts = [part for part in _JOINT.split(word) if part.isascii() and part.isalnum()]
        stem = "-".join(part.capitalize() for part in parts).removesuffix("-Id")
        found += [f"X-{stem}", f"X-{stem}-Id"] if stem else []
    return tuple(dict.fromkeys((*found, *_ELSEWHERE)))[:_MOST]


def _in_headers(request: Request, told: Mapping[str, Name]) -> Request:
    for name, value in told.items():
        request = request.with_header(name, str(value))
    return request


def _in_query(path: str) -> Put:
    def put(request: Request, told: Mapping[str, Name]) -> Request:
        return request.but(path=with_query(path, urlencode(told)))

    return put


def _in_cookie(request: Request, told: Mapping[str, Name]) -> Request:
    pairs = (f"{name}={quote(str(value))}" for name, value in told.items())
    return request.with_header("Cookie", "; ".join(pairs))


def _in_params(entry: str | None = None) -> Put:
    """Return what adds to the parameters of a message, or to an entry of them; what is there stays.

    A message without parameters stays as it is.
    """

    def put(request: Request, told: Mapping[str, Name]) -> Request:
        if message_of(request).get("params") is None:
            return request
        return with_params(request, lambda params: saying_more(params, told, entry))

    return put


def _at_path(request: Request, told: Mapping[str, Name]) -> Request:
    return request.but(path=next(iter(told)))
