"""Defects of guards that look at who asks, in which version, and how often."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reference_server.core.vocabulary import Access
from reference_server.mutants.auth.doors import skip
from reference_server.mutants.auth.hearsay import asgi_scope, believing_body, has
from reference_server.mutants.bending import header, mutant, with_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.context import RequestContext

_CLIENT = ("params", "_meta", "io.modelcontextprotocol/clientInfo", "name")
_OLD = "2025-03-26"
_PATIENCE = 6


def _is_probe(context: RequestContext) -> bool:
    return (header(context, "user-agent") or "").startswith("kube-probe/")


def _is_old_http(context: RequestContext) -> bool:
    del context
    return asgi_scope()["http_version"] == "1.0"


def _asked_often() -> Callable[[RequestContext], bool]:
    asked: Counter[tuple[object, ...]] = Counter()

    def is_known(context: RequestContext) -> bool:
        known = (tuple(asgi_scope()["client"]), context.path, context.headers)
        asked[known] += context.access is Access.KEY
        return asked[known] > _PATIENCE

    return is_known


MUTANTS = (
    mutant(
        "probes-agent-believed",
        "AUTH-21",
        "Who calls itself a cluster's probe needs no key.",
        parts=with_stage("authenticate", skip(_is_probe)),
    ),
    mutant(
        "clients-name-believed",
        "AUTH-21",
        "A client that gives itself an inspector's name needs no key.",
        parts=believing_body(*_CLIENT, value="mcp-inspector"),
    ),
    mutant(
        "old-revision-unguarded",
        "AUTH-21",
        "The path for an old revision of the protocol was never given the guard.",
        parts=with_stage("authenticate", skip(has("mcp-protocol-version", _OLD))),
    ),
    mutant(
        "old-http-unguarded",
        "AUTH-21",
        "HTTP/1.0 is taken for the balancer's own probe, which has no key.",
        parts=with_stage("authenticate", skip(_is_old_http)),
    ),
    mutant(
        "gives-way-to-insistence",
        "AUTH-21",
        "A request that was refused six times on one connection is let through.",
        parts=with_stage("authenticate", skip(_asked_often())),
    ),
)
