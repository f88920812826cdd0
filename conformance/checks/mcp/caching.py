"""MCP, continued: what may be kept by a cache that several callers share."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from conformance.channels.http.lists import entries_of, pages, uris_of
from conformance.forge.requests import LISTED, STATELESS
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, NotAssessedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys

SCOPE = "cacheScope"
SHARED = "public"
OF_THE_CACHE = frozenset({SCOPE, "ttlMs", "_meta", "nextCursor"})
"""Members of a result that are no part of what it tells."""


@requirement("MCP-22")
def test_what_varies_by_caller_is_not_for_shared_caches(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """A result that is one caller's each time, and another's is not, says that it is private."""
    line = modern(wire, discovery)
    seen = 0
    for method, asked in asked_alike(line, keys):
        first, other, again = asked(keys.a), asked(keys.b), asked(keys.a)
        seen += sum(SCOPE in answer.result for answer in (first, other))
        varies = told(first) == told(again) != told(other)
        scopes = [answer.result.get(SCOPE) for answer in (first, other, again)]
        assert not (varies and SHARED in scopes), (
            f"{method} answers each tenant otherwise, and says {SCOPE} {SHARED!r}: {first}, {other}"
        )
    if not seen:
        raise NotApplicableError(f"no result of the target's tells a {SCOPE}")


@requirement("MCP-22")
def test_a_resource_of_ones_own_is_not_for_shared_caches(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """A resource that only one of the tenants can read says that it is private."""
    line = modern(wire, discovery)
    seen = 0
    for owner, other in ((keys.a, keys.b), (keys.b, keys.a)):
        for uri in uris(line, owner)[:2]:
            own, foreign = read(line, owner, uri), read(line, other, uri)
            if not own.succeeded or told(own) == told(foreign):
                continue
            seen += 1
            assert own.result.get(SCOPE) != SHARED, (
                f"{uri} is not read alike by both tenants, and says {SCOPE} {SHARED!r}: {own}"
            )
    if not seen:
        raise NotApplicableError("no resource is one tenant's alone")


@requirement("MCP-22")
def test_all_pages_of_a_list_have_one_scope(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """A cache that keeps one page and not the next puts a list together from two callers'."""
    line = modern(wire, discovery)
    seen = 0
    for method in LISTED:
        scopes = [page.result.get(SCOPE) for page in pages(line, method, keys.active)]
        seen += len(scopes) > 1
        assert len(set(scopes)) == 1, f"the pages of {method} say {SCOPE} {scopes}"
    if not seen:
        raise NotApplicableError("no list of the target's has more than one page")


def modern(wire: Wire, discovery: Discovery) -> Wire:
    """Return a line in the revision that has scopes. NotAssessedError where it is not spoken."""
    if STATELESS not in discovery.revisions:
        raise NotAssessedError(f"the target does not speak {STATELESS}, which has {SCOPE}")
    return wire.derived(revision=STATELESS)


def asked_alike(line: Wire, keys: Keys) -> Iterator[tuple[str, Callable[[TenantKeys], Answer]]]:
    """Yield what can be asked in the same words by both tenants, and how."""
    yield "server/discover", lambda tenant: line.knock(tenant.active)
    for method in LISTED:
        if line.call(method, key=keys.active).succeeded:
            yield method, partial(ask, line, method)
    alike = set(uris(line, keys.a)) & set(uris(line, keys.b))
    for uri in sorted(alike)[:2]:
        yield f"resources/read of {uri}", partial(_read, line, uri)


def ask(line: Wire, method: str, tenant: TenantKeys) -> Answer:
    """Ask a method that takes nothing."""
    return line.call(method, key=tenant.active)


def _read(line: Wire, uri: str, tenant: TenantKeys) -> Answer:
    return read(line, tenant, uri)


def uris(line: Wire, tenant: TenantKeys) -> list[str]:
    """Return the URIs on the first page of the resources that a tenant is listed."""
    method = "resources/list"
    return uris_of(entries_of(ask(line, method, tenant), method))


def read(line: Wire, tenant: TenantKeys, uri: str) -> Answer:
    """Read a resource."""
    return line.call("resources/read", {"uri": uri}, key=tenant.active)


def told(answer: Answer) -> str:
    """Return what a result tells, without what it says of caches."""
    held = {name: value for name, value in answer.result.items() if name not in OF_THE_CACHE}
    return json.dumps(held, sort_keys=True)
