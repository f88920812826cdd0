"""Defects of who is asked for a key at all: paths and methods that go round the chain."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import request

from reference_server.core.vocabulary import Access
from reference_server.mutants.bending import before, header, mutant, with_stage
from reference_server.parts import with_parts
from reference_server.web.answers import error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.core.principal import Principal
    from reference_server.mutants.bending import Stage
    from reference_server.parts import Parts


class _Remembering:
    """Skips authentication for some requests, and then acts as whoever came last."""

    def __init__(self, stage: Stage, skips: Callable[[RequestContext], bool]) -> None:
        self._stage, self._skips = stage, skips
        self._last: Principal | None = None

    def __call__(self, context: RequestContext, parts: Parts) -> Response | None:
        if self._skips(context) and self._last is not None:
            context.principal = self._last
            return None
        refusal = self._stage(context, parts)
        self._last = context.principal or self._last
        return refusal


def skip(skips: Callable[[RequestContext], bool]) -> Callable[[Stage], Stage]:
    """Return a wrapper that skips authentication, and acts as whoever came last."""

    def around(stage: Stage) -> Stage:
        remembering = _Remembering(stage, skips)

        def bent(context: RequestContext, parts: Parts) -> Response | None:
            return remembering(context, parts)

        return bent

    return around


def _is_another_spelling(context: RequestContext) -> bool:
    del context
    return request.environ["asgi.scope"]["raw_path"] != b"/mcp" and _loosely_mcp(
        request.environ["asgi.scope"]
    )


def _loosely_mcp(scope: Mapping[str, Any]) -> bool:
    return scope["path"].strip("/").lower() == "mcp"


def _guard_raw_route_decoded(parts: Parts) -> Parts:
    guarded = with_stage("authenticate", skip(_is_another_spelling))(parts)
    return with_parts(guarded, {"mcp.routes_to_mcp": _loosely_mcp})


def _claims_preflight(context: RequestContext) -> bool:
    return (header(context, "x-http-method-override") or "").upper() == "OPTIONS"


def _claims_health(context: RequestContext) -> bool:
    return header(context, "x-original-url") == "/health"


def _answer(
    method: str, status: HTTPStatus, context: RequestContext, parts: Parts
) -> Response | None:
    del parts
    is_asked = context.method == method and context.access is Access.KEY
    return error(status, status.name.lower()) if is_asked else None


def _is_get(context: RequestContext) -> bool:
    return context.method == "GET" and context.access is Access.KEY


MUTANTS = (
    mutant(
        "guard-compares-raw-path",
        "AUTH-10 AUTH-18 AUTH-19",
        "The guard compares the raw path, the router the decoded one.",
        parts=_guard_raw_route_decoded,
    ),
    mutant(
        "override-header-believed",
        "AUTH-10 AUTH-17",
        "A request that says it was rewritten from /health needs no key.",
        parts=with_stage("authenticate", skip(_claims_health)),
    ),
    mutant(
        "override-to-a-preflight-believed",
        "AUTH-10",
        "A call that a header calls a preflight needs no key, and is carried out all the same.",
        parts=with_stage("authenticate", skip(_claims_preflight)),
    ),
    mutant(
        "get-unguarded",
        "AUTH-20 MCP-07 MCP-08 MCP-19",
        "Only requests that can call a tool are authenticated.",
        parts=with_stage("authenticate", skip(_is_get)),
    ),
    mutant(
        "put-answered-before-the-key",
        "AUTH-11",
        "A PUT is answered as if there were something to put, whoever asks.",
        parts=with_stage("authenticate", before(partial(_answer, "PUT", HTTPStatus.OK))),
    ),
    mutant(
        "patch-read-before-the-key",
        "AUTH-11",
        "A PATCH is read, and found wrong, before the key is looked at.",
        parts=with_stage("authenticate", before(partial(_answer, "PATCH", HTTPStatus.BAD_REQUEST))),
    ),
)
