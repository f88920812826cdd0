"""Defects of who stands in for a caller without a key: the last one, a default, a claim."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from flask import request

from reference_server.mutants.auth.doors import skip
from reference_server.mutants.bending import header, mutant, replaced, with_stage
from reference_server.mutants.benign.edge import read_whole, replayed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.core.principal import Principal
    from reference_server.mutants.bending import Stage
    from reference_server.mutants.benign.edge import App, Receive, Scope, Send
    from reference_server.parts import Parts

_TOLD = b"x-told"
_HALVES = (21, 22)
"""Characters of half a key."""


def asgi_scope() -> dict[str, Any]:
    """Return what the HTTP server knows of the request."""
    return cast("dict[str, Any]", request.environ["asgi.scope"])


def _connection(context: RequestContext) -> tuple[str, ...]:
    del context
    return tuple(map(str, asgi_scope()["client"]))


def _address(context: RequestContext) -> tuple[str, ...]:
    return (context.address,)


def _kept_by(
    place: Callable[[RequestContext], tuple[str, ...]], lacks: Callable[[RequestContext], bool]
) -> Callable[[Stage], Stage]:
    """Return a wrapper that takes who ``lacks`` a key for the one last let in from there."""

    def around(stage: Stage) -> Stage:
        last: dict[tuple[str, ...], Principal] = {}

        def bent(context: RequestContext, parts: Parts) -> Response | None:
            if lacks(context) and (known := last.get(place(context))):
                context.principal = known
                return None
            refusal = stage(context, parts)
            if context.principal is not None:
                last[place(context)] = context.principal
            return refusal

        return bent

    return around


def has(name: str, value: str | None = None) -> Callable[[RequestContext], bool]:
    """Return what tells whether a request has a header, and that value in it."""

    def is_there(context: RequestContext) -> bool:
        told = header(context, name)
        return told is not None if value is None else told == value

    return is_there


def _is_half(context: RequestContext) -> bool:
    return len(header(context, "x-api-key") or "") in _HALVES


def _names_tenant(context: RequestContext) -> bool:
    del context
    return b"tenant_id=" in asgi_scope()["query_string"]


def believing_body(*trail: str, value: str | None = None) -> Callable[[Parts], Parts]:
    """Return a change by which a part of the body, or its one ``value``, stands for a key.

    The chain sees no body, so an edge puts what is there into a field.
    """

    def reading(app: App) -> App:
        async def edge(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["method"] == "POST":
                body = await read_whole(receive)
                receive = replayed(body, receive)
                if told := _found(body, trail):
                    scope = {**scope, "headers": [*scope["headers"], (_TOLD, told.encode())]}
            await app(scope, receive, send)

        return edge

    def bend(parts: Parts) -> Parts:
        guarded = with_stage("authenticate", skip(has(_TOLD.decode(), value)))(parts)
        return replaced({"web.edge": lambda _: reading})(guarded)

    return bend


def _found(body: bytes, trail: Iterable[str]) -> str:
    try:
        found = json.loads(body)
        for name in trail:
            found = found[name]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


MUTANTS = (
    mutant(
        "last-key-of-a-connection-kept",
        "AUTH-02 AUTH-17",
        "A request with an empty key goes on as whoever was last let in on its connection.",
        parts=with_stage("authenticate", _kept_by(_connection, has("x-api-key", ""))),
    ),
    mutant(
        "last-key-of-an-address-kept",
        "AUTH-17",
        "A bearer without a token goes on as whoever was last let in from its address.",
        parts=with_stage("authenticate", _kept_by(_address, has("authorization", "Bearer"))),
    ),
    mutant(
        "placeholder-for-the-servers-own-key",
        "AUTH-17",
        "A key that a client left unfilled is exchanged for a default.",
        parts=with_stage("authenticate", skip(has("x-api-key", "undefined"))),
    ),
    mutant(
        "half-a-key-completed",
        "AUTH-17",
        "A key that was cut off is looked up by its beginning.",
        parts=with_stage("authenticate", skip(_is_half)),
    ),
    mutant(
        "bearer-without-token-passed-on",
        "AUTH-17",
        "The word Bearer alone is enough to be let in by a key of the server's own.",
        parts=with_stage("authenticate", skip(has("authorization", "Bearer"))),
    ),
    mutant(
        "forwarded-user-believed",
        "AUTH-17",
        "Who says that a proxy has signed a user in needs no key.",
        parts=with_stage("authenticate", skip(has("x-forwarded-user"))),
    ),
    mutant(
        "tenant-header-believed",
        "AUTH-17",
        "A header that names a tenant takes the place of a key.",
        parts=with_stage("authenticate", skip(has("x-tenant-id"))),
    ),
    mutant(
        "own-address-believed",
        "AUTH-17",
        "Who says to come from this machine needs no key.",
        parts=with_stage("authenticate", skip(has("x-real-ip", "127.0.0.1"))),
    ),
    mutant(
        "internal-call-believed",
        "AUTH-17",
        "Who says to be an internal service needs no key.",
        parts=with_stage("authenticate", skip(has("x-internal"))),
    ),
    mutant(
        "tenant-in-query-believed",
        "AUTH-05 AUTH-17",
        "A tenant in the query takes the place of a key.",
        parts=with_stage("authenticate", skip(_names_tenant)),
    ),
    mutant(
        "tenant-in-meta-believed",
        "AUTH-17",
        "A tenant in `_meta` takes the place of a key.",
        parts=believing_body("params", "_meta", "tenantId"),
    ),
)
