"""Defects of the protocol's edge and of the tools."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from flask import request

from reference_server.mutants.bending import before, mutant, replaced, with_stage, with_tool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.core.principal import Principal
    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller

_first_ids: dict[str, str] = {}


def _stale_request(arguments: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    del arguments
    tenant = str(caller.principal.tenant_id)
    stale = _first_ids.setdefault(tenant, caller.request_id)
    return {"ok": True, "tenantId": tenant, "requestId": stale}


def _any_account(arguments: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    del caller
    return {"platform": arguments.get("platform"), "dateRange": arguments.get("dateRange")}


def _indexed_account(arguments: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    del caller
    platforms = {"google": 1, "meta": 2, "tiktok": 3}
    ranges = {"last_7_days": 7, "last_30_days": 30, "last_90_days": 90}
    return {"of": platforms[arguments["platform"]], "days": ranges[arguments["dateRange"]]}


def _told(error: Exception, context: RequestContext) -> str:
    return f"Request {context.request_id} failed: {error}"


def _traced(error: Exception, context: RequestContext) -> str:
    del context
    frames = traceback.extract_tb(error.__traceback__)
    return "Traceback: " + "; ".join(f'File "{frame.filename}", {frame.name}' for frame in frames)


def _of_the_database(error: Exception, context: RequestContext) -> str:
    del error, context
    return (
        'null value in column "reference" of relation "sync_log" violates not-null constraint\n'
        "DETAIL:  Failing row contains (7, null)."
    )


def _one_owner(principal: Principal) -> str:
    del principal
    return "everybody"


def _accept_anything(context: RequestContext, parts: Parts) -> Response | None:
    del context, parts
    scope = request.environ["asgi.scope"]
    wanted = {b"content-type": b"application/json"}
    scope["headers"] = [(name, wanted.get(name, value)) for name, value in scope["headers"]]
    return None


def _take_any_host(context: RequestContext, parts: Parts) -> Response | None:
    del context, parts
    scope = request.environ["asgi.scope"]
    wanted = {b"host": b"127.0.0.1:80"}
    scope["headers"] = [(name, wanted.get(name, value)) for name, value in scope["headers"]]
    return None


MUTANTS = (
    mutant(
        "server-without-version",
        "MCP-01",
        "The server introduces itself without a version.",
        parts=replaced({"mcp.server_version": lambda _: ""}),
    ),
    mutant(
        "ping-tells-stale-request",
        "MCP-02 MCP-14",
        "The request id was captured when the tool was first called.",
        parts=with_tool("ping", _stale_request),
    ),
    mutant(
        "arguments-not-validated",
        "MCP-03",
        "The tool's schema is for show: no argument is validated.",
        parts=with_tool("get_account_health", _any_account, {"type": "object"}),
    ),
    mutant(
        "bad-argument-crashes-the-tool",
        "MCP-03",
        "A bad argument is found out by the tool falling over it.",
        parts=with_tool("get_account_health", _indexed_account, {"type": "object"}),
    ),
    mutant(
        "content-negotiation-ignored",
        "MCP-04",
        "Any Content-Type is taken for the right one.",
        parts=with_stage("open_audit_entry", before(_accept_anything)),
    ),
    mutant(
        "tool-error-told",
        "LOG-04 MCP-05",
        "A tool's exception is told to the caller as it is.",
        parts=replaced({"mcp.describe_failure": lambda _: _told}),
    ),
    mutant(
        "tool-stack-told",
        "MCP-05",
        "A failed tool answers with the stack.",
        parts=replaced({"mcp.describe_failure": lambda _: _traced}),
    ),
    mutant(
        "database-message-told",
        "MCP-05",
        "A failed tool answers with what the database said.",
        parts=replaced({"mcp.describe_failure": lambda _: _of_the_database}),
    ),
    mutant(
        "sessions-unbound",
        "MCP-07 MCP-19 MCP-20 MCP-25 MCP-27",
        "A session works for whoever knows its id and has any key.",
        parts=replaced({"mcp.session_owner": lambda _: _one_owner}),
    ),
    mutant(
        "host-unchecked",
        "MCP-10",
        "Origin is looked at, and any Host is taken for the server's own.",
        parts=with_stage("identify_request", before(_take_any_host)),
    ),
    mutant(
        "origin-unchecked",
        "MCP-10",
        "Neither Origin nor Host is looked at.",
        parts=replaced({"mcp.check_origin": lambda _: False}),
    ),
)
