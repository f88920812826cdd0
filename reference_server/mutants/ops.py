"""Defects of operation."""

from __future__ import annotations

import json
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response

from reference_server.mutants.bending import before, mutant, replaced, with_stage
from reference_server.vocabulary import Access

if TYPE_CHECKING:
    from reference_server.context import RequestContext
    from reference_server.parts import Parts


def _tell_more(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    if (context.method, context.path) != ("GET", "/health"):
        return None
    body = {
        "ok": True,
        "version": "0.1.0",
        "uptimeSec": 1,
        "python": sys.version,
        "database": "mcp_app@127.0.0.1/hallmark",
    }
    return Response(json.dumps(body), HTTPStatus.OK, content_type="application/json")


def _guard_health(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    if context.access is Access.PUBLIC:
        context.access = Access.KEY
    return None


def _without(*names: str) -> Any:
    def reduced(parts: Parts) -> dict[str, str]:
        return {name: value for name, value in parts.security_headers.items() if name not in names}

    return replaced(security_headers=reduced)


def _lint_without_sql(state: dict[str, Any]) -> dict[str, Any]:
    command = [*state["repository"]["lint"], "--ignore", "S608"]
    return {**state, "repository": {"lint": command}}


MUTANTS = (
    mutant(
        "health-tells-more",
        "OPS-01",
        "The liveness probe tells versions and the database's address.",
        parts=with_stage("block_address", before(_tell_more)),
    ),
    mutant(
        "health-needs-a-key",
        "OPS-01",
        "The liveness probe needs a key, so nobody's monitor can use it.",
        parts=with_stage("extract_token", before(_guard_health)),
    ),
    mutant(
        "no-security-headers",
        "OPS-02",
        "No security header is sent.",
        parts=replaced(security_headers=lambda _: {}),
    ),
    mutant(
        "sniffing-allowed",
        "OPS-02",
        "X-Content-Type-Options is missing.",
        parts=_without("X-Content-Type-Options"),
    ),
    mutant(
        "sql-lint-off",
        "OPS-06",
        "The rule that finds interpolated SQL is ignored.",
        state=_lint_without_sql,
    ),
)
