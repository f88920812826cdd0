"""Messages judged by the specification's schemas: what is wrong is found, what is open is not."""

from __future__ import annotations

import hashlib
import importlib
import json
from typing import Any

import pytest

from conformance.analysis.wire_schema import SCHEMAS, faults
from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.heard import Messages
from conformance.forge.members import with_members
from conformance.forge.requests import SESSION_REVISIONS, STATELESS, Request, opening, rpc

NEWEST = SESSION_REVISIONS[0]
PAGE: dict[str, Any] = {
    "tools": [{"name": "a", "inputSchema": {"type": "object"}}],
    "resultType": "complete",
    "ttlMs": 0,
    "cacheScope": "private",
}


def result(value: Any, **more: Any) -> dict[str, Any]:
    """Return a message that holds a result."""
    return {"jsonrpc": "2.0", "id": 1, "result": value, **more}


def error(value: Any, **more: Any) -> dict[str, Any]:
    """Return a message that holds an error."""
    return {"jsonrpc": "2.0", "id": 1, "error": value, **more}


def told(
    request: Request, message: Any, *, status: int = 200, revision: str = STATELESS
) -> list[str]:
    """Return the paths at which an answer is wrong."""
    heard = Messages()
    heard.note(request, Answer(Transport.ANSWERED, status, (), json.dumps(message).encode()))
    return [fault.path for fault in faults(heard.of(revision))]


def asked(method: str, revision: str = STATELESS) -> Request:
    """Return a call."""
    return rpc(method, {}, revision=revision)


@pytest.mark.parametrize("revision", [STATELESS, NEWEST])
def test_the_copies_are_the_files_that_the_official_sdk_was_made_from(revision: str) -> None:
    module = importlib.import_module(f"mcp_types._v{revision.replace('-', '_')}")
    digest = hashlib.sha256((SCHEMAS / f"{revision}.json").read_bytes()).hexdigest()
    assert digest in (module.__doc__ or "")


@pytest.mark.parametrize(
    ("method", "message", "path"),
    [
        ("tools/list", result({**PAGE, "nextCursor": None}), "$.result.nextCursor"),
        ("tools/list", result({**PAGE, "cacheScope": "tenant"}), "$.result.cacheScope"),
        ("tools/list", result({**PAGE, "ttlMs": -1}), "$.result.ttlMs"),
        ("tools/list", result({**PAGE, "tools": [{"name": "a"}]}), "$.result.tools[0]"),
        ("tools/list", {"id": 1, "result": PAGE}, "$"),
        ("tools/call", result({"content": []}), "$.result"),
        ("x/y", error({"code": "-32601", "message": "no"}), "$.error.code"),
        ("x/y", error({"code": -32601}), "$.error"),
        ("x/y", error({"code": -32022, "message": "no"}), "$.error"),
        ("x/y", error({"code": 1, "message": "no"}, id=1.5), "$.id"),
        ("x/y", {"jsonrpc": "2.0", "id": 1}, "$"),
        ("tools/list", [result(PAGE)], "$"),
    ],
)
def test_what_breaks_the_schema_is_found_where_it_stands(
    method: str, message: Any, path: str
) -> None:
    assert told(asked(method), message) == [path]


@pytest.mark.parametrize(
    ("method", "message", "status"),
    [
        ("tools/list", result({**PAGE, "org.example/of": 1, "_meta": {"a/b": 1}}), 200),
        ("tools/call", result({"resultType": "org.example/later", "at": 5}), 200),
        ("tools/call", result({"resultType": "input_required", "inputRequests": {}}), 200),
        ("org.example/x", result({"resultType": "complete", "any": [1]}), 200),
        ("x/y", error({"code": -32700, "message": "no"}, id=None), 400),
        ("x/y", {"jsonrpc": "2.0", "error": {"code": 5, "message": "no", "data": None}}, 400),
        ("x/y", {"error": "forbidden"}, 403),
        ("x/y", error({"code": "no"}), 429),
        ("x/y", {"error": "busy"}, 200),
        ("x/y", {"jsonrpc": "2.0", "method": "org.example/news", "params": {"a": 1}}, 200),
    ],
)
def test_what_a_schema_leaves_open_is_no_finding(method: str, message: Any, status: int) -> None:
    assert told(asked(method), message, status=status) == []


@pytest.mark.parametrize("revision", SESSION_REVISIONS[1:])
def test_an_older_error_needs_an_id_unless_http_has_refused_it(revision: str) -> None:
    message = {"jsonrpc": "2.0", "error": {"code": 5, "message": "no"}}
    request = asked("x/y", revision)
    assert told(request, message, revision=revision) == ["$"]
    assert told(request, message, status=400, revision=revision) == []
    assert told(request, {**message, "id": None}, revision=revision) == []


def test_only_the_oldest_revision_has_batches() -> None:
    batch = [result({"tools": []})]
    oldest = SESSION_REVISIONS[-1]
    assert told(asked("tools/list", oldest), batch, revision=oldest) == []
    assert told(asked("tools/list", NEWEST), batch, revision=NEWEST) == ["$"]


def test_a_task_in_place_of_a_result_is_one_where_the_revision_has_tasks() -> None:
    task = {"taskId": "a", "status": "working", "createdAt": "x", "lastUpdatedAt": "x", "ttl": None}
    assert told(asked("tools/call", NEWEST), result({"task": task}), revision=NEWEST) == []
    broken = result({"task": {**task, "status": "busy"}})
    found = told(asked("tools/call", NEWEST), broken, revision=NEWEST)
    assert found == ["$.result.task.status"]


def test_notifications_in_a_stream_are_messages_too() -> None:
    news = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": "half"}}
    body = "".join(f"data: {json.dumps(one)}\n\n" for one in (news, result(PAGE)))
    heard = Messages()
    heard.note(asked("tools/list"), Answer(Transport.ANSWERED, 200, (), body.encode()))
    assert {fault.path for fault in faults(heard.of(STATELESS))} == {
        "$.params",
        "$.params.progress",
    }


@pytest.mark.parametrize(
    "request_",
    [
        opening(STATELESS).but(body=b"{"),
        opening(STATELESS).with_header("MCP-Protocol-Version", NEWEST),
        opening(STATELESS).with_header("Mcp-Method", "tools/list"),
        with_members(opening(STATELESS), ("id",), [("id", 1.5)]),
        with_members(opening(STATELESS), ("id",), [("id", 1), ("id", 2)]),
        with_members(opening(STATELESS), ("jsonrpc",), []),
        with_members(opening(STATELESS), ("params",), [("params", [])]),
    ],
)
def test_what_answers_a_request_that_is_none_is_not_judged(request_: Request) -> None:
    assert told(request_, result({})) == []
    assert told(request_, result({}), revision=NEWEST) == []


def test_a_kind_of_message_is_kept_a_few_times_and_reported_once() -> None:
    heard = Messages()
    for number in range(100):
        page = {**PAGE, f"x{number}": 1, "nextCursor": None}
        body = json.dumps(result(page)).encode()
        heard.note(asked("tools/list"), Answer(Transport.ANSWERED, 200, (), body))
    kept = heard.of(STATELESS)
    assert 1 < len(kept) < 10
    assert [fault.path for fault in faults(kept)] == ["$.result.nextCursor"]
