"""Defects by which a key is shown again to whoever sent it, and to what stands between."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response

from reference_server.mutants.bending import before, mutant, replaced, with_stage
from reference_server.mutants.benign.edge import rewritten

if TYPE_CHECKING:
    from reference_server.context import RequestContext
    from reference_server.mutants.benign.edge import Reply
    from reference_server.parts import Parts


def _with_the_request(error: Exception, context: RequestContext) -> str:
    del error
    return f"The tool failed. The request was {dict(context.headers)}."


def _redirected(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    if context.principal is None or context.path != "/mcp/":
        return None
    where = {"Location": f"/mcp?api_key={context.credential}"}
    return Response(status=HTTPStatus.PERMANENT_REDIRECT, headers=where)


def _debugged(reply: Reply) -> Reply:
    key = reply.asked(b"x-api-key")
    is_lost = reply.status == HTTPStatus.NOT_FOUND and key
    return reply.with_field(b"x-debug", b"asked with " + key.hex().encode()) if is_lost else reply


MUTANTS = (
    mutant(
        "key-told-by-a-failing-tool",
        "MCP-05 ROT-05",
        "A tool that fails tells with which headers it was asked.",
        parts=replaced({"mcp.describe_failure": lambda _: _with_the_request}),
    ),
    mutant(
        "key-in-a-redirect",
        "ROT-05",
        "A path with a slash too many is redirected to one that has the key in its query.",
        parts=with_stage("open_audit_entry", before(_redirected)),
    ),
    mutant(
        "key-in-a-debug-header",
        "ROT-05",
        "What is not found tells in hex with which key it was asked for.",
        parts=rewritten(_debugged),
    ),
)
