"""What only a socket shows: the MCP endpoint, official clients, early refusals, open streams."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from reference_server.core.settings import Limits
from reference_server.serving.budget import Budget
from reference_server.tests.fakes import KEY_A, KEY_B, TENANT_A, World
from reference_server.tests.live import serving
from reference_server.web.app import SECURITY_HEADERS

if TYPE_CHECKING:
    from collections.abc import Generator

LONGEST_HEAD = Budget().head_bytes
MODERN = "2026-07-28"
GET, POST = (b"%s /health HTTP/1.1\r\nHost: x\r\n" % method for method in (b"GET", b"POST"))
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}


@pytest.fixture(scope="module")
def world() -> World:
    """The fakes of this module's one server."""
    return World(limits=Limits(address_requests=10_000, tenant_requests=10_000, failures=10_000))


@pytest.fixture(scope="module")
def origin(world: World) -> Generator[str]:
    """The origin of this module's one server."""
    with serving(world) as served:
        yield served


def call(origin: str, tool: str, arguments: dict[str, Any], **headers: str) -> httpx.Response:
    """Call a tool statelessly, as revision 2026-07-28 has it."""
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments, "_meta": META},
    }
    fixed = {
        "X-Api-Key": KEY_A,
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    return httpx.post(f"{origin}/mcp", json=body, headers=fixed | headers)


def post(origin: str, method: str, key: str, session: str | None = None) -> httpx.Response:
    """Send one request of the session era."""
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    headers = {"X-Api-Key": key, "Accept": "application/json, text/event-stream"}
    if session is not None:
        headers["Mcp-Session-Id"] = session
    return httpx.post(f"{origin}/mcp", json=body, headers=headers)


def exchange(origin: str, request: bytes) -> bytes:
    """Send raw bytes, return everything until the server closes."""
    url = httpx.URL(origin)
    with socket.create_connection((url.host, url.port or 0), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


@pytest.mark.parametrize("mode", ["legacy", MODERN])
def test_the_official_client_lists_and_calls_the_tools(origin: str, mode: str) -> None:
    async def drive() -> None:
        async with (
            httpx2.AsyncClient(headers={"X-Api-Key": KEY_A}) as http,
            Client(streamable_http_client(f"{origin}/mcp", http_client=http), mode=mode) as client,
        ):
            tools = await client.list_tools()
            assert [tool.name for tool in tools.tools] == [
                "ping",
                "get_account_health",
                "list_metrics",
                "get_metric",
                "refresh_metric",
                "forget_metrics",
                "count_metrics",
                "raise_error",
                "check_landing_page",
            ]
            first, second = [await client.call_tool("ping", {}) for _ in range(2)]
            assert first.structured_content
            assert second.structured_content
            assert first.structured_content["tenantId"] == str(TENANT_A)
            assert first.structured_content["requestId"] != second.structured_content["requestId"]
            with pytest.raises(MCPError):
                await client.call_tool("nowhere", {})

    asyncio.run(drive())


def test_one_id_reaches_answer_header_and_trail(origin: str, world: World) -> None:
    response = call(origin, "ping", {})
    result = response.json()["result"]
    request_id = response.headers["X-Request-Id"]
    assert result["structuredContent"]["requestId"] == request_id
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
    rows = [row for row in world.trail.rows if row.request_id == request_id]
    assert [row.event_type.value for row in rows] == ["api_key.auth_success", "mcp.tool_called"]
    assert rows[1].metadata == {"scheme": "api_key", "tier": "user", "tool": "ping"}
    assert rows[1].tenant_id == TENANT_A
    assert (
        SECURITY_HEADERS.items()
        <= {
            name.title().replace("Dns", "DNS"): value for name, value in response.headers.items()
        }.items()
    )


def test_the_data_of_a_tool_is_the_callers(origin: str) -> None:
    result = call(origin, "list_metrics", {}).json()["result"]["structuredContent"]
    assert result["metrics"][0]["data"] == {"canary": str(TENANT_A)}


def test_a_bad_argument_is_named_and_its_value_is_not_repeated(origin: str, world: World) -> None:
    bad = {"platform": "canary", "dateRange": "last_7_days"}
    response = call(origin, "get_account_health", bad)
    result = response.json()["result"]
    assert response.status_code == 200
    assert result["isError"]
    assert '"platform"' in result["content"][0]["text"]
    assert "canary" not in response.text
    assert world.types()[-1] == "mcp.tool_failed"


def test_good_arguments_reach_the_tool(origin: str) -> None:
    good = {"platform": "meta", "dateRange": "last_30_days"}
    result = call(origin, "get_account_health", good).json()["result"]["structuredContent"]
    zeros = {"spend": 0, "roas": 0, "cpa": 0, "ctr": 0}
    assert result == {**good, "metrics": zeros, "_stub": True}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"platform": "google"}, '"dateRange" is required'),
        ({"platform": "google", "dateRange": 7}, '"dateRange" must be of type "string"'),
        ({"platform": "google", "dateRange": "last_7_days", "x": 1}, '"x" is not an argument'),
    ],
)
def test_each_kind_of_bad_argument_is_named(
    origin: str, arguments: dict[str, Any], named: str
) -> None:
    result = call(origin, "get_account_health", arguments).json()["result"]
    assert named in result["content"][0]["text"]


def test_a_failing_tool_tells_its_caller_nothing_and_the_trail_everything(
    origin: str, world: World
) -> None:
    response = call(origin, "raise_error", {"message": "canary", "detail": {"more": "canary"}})
    assert response.json()["result"]["isError"]
    assert "canary" not in response.text
    assert response.headers["X-Request-Id"] in response.text
    assert world.trail.rows[-1].metadata == {
        "scheme": "api_key",
        "tier": "user",
        "tool": "raise_error",
        "reason": "canary",
        "detail": {"more": "canary"},
    }


def test_a_call_that_cannot_be_audited_is_answered_503(origin: str, world: World) -> None:
    world.trail.rows_left = 1
    try:
        response = call(origin, "ping", {})
    finally:
        world.trail.rows_left = None
    assert (response.status_code, response.json()) == (503, {"error": "unavailable"})


def test_a_session_belongs_to_its_tenant(origin: str) -> None:
    session = post(origin, "initialize", KEY_A).headers["Mcp-Session-Id"]
    own = post(origin, "tools/list", KEY_A, session)
    other = post(origin, "tools/list", KEY_B, session)
    unknown = post(origin, "tools/list", KEY_B, "0" * 32)
    assert own.status_code == 200
    assert (other.status_code, other.content) == (unknown.status_code, unknown.content)
    assert other.status_code == 404
    headers = {"X-Api-Key": KEY_A, "Mcp-Session-Id": session}
    assert httpx.delete(f"{origin}/mcp", headers=headers).status_code == 200
    assert post(origin, "tools/list", KEY_A, session).status_code == 404


def test_a_refused_opening_request_names_no_session(origin: str) -> None:
    refused = post(origin, "tools/list", KEY_A)
    assert refused.status_code == 400
    assert "Mcp-Session-Id" not in refused.headers


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Origin": "https://evil.example"}, 403, "forbidden"),
        ({"Host": "evil.example"}, 421, "misdirected_request"),
    ],
)
def test_dns_rebinding_is_refused_and_audited(
    origin: str, world: World, headers: dict[str, str], status: int, code: str
) -> None:
    response = call(origin, "ping", {}, **headers)
    assert (response.status_code, response.json()) == (status, {"error": code})
    told = {"scheme": "api_key", "tier": "user", "stage": "check_origin"}
    assert world.trail.rows[-1].metadata == told
    assert response.headers["X-Request-Id"] == world.trail.rows[-1].request_id


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"])
def test_every_method_asks_for_the_key_first(origin: str, method: str) -> None:
    assert httpx.request(method, f"{origin}/mcp").status_code == 401


@pytest.mark.parametrize(
    "path", ["/MCP", "//mcp", "/mcp/", "/%6dcp", "/x/../mcp", "/mcp;x", "/mcp%00"]
)
def test_no_other_spelling_of_the_path_reaches_the_sdk(origin: str, path: str) -> None:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\nContent-Length: 0\r\n"
    )
    assert exchange(origin, f"{head}\r\n".encode()).startswith(b"HTTP/1.1 401")
    keyed = exchange(origin, f"{head}X-Api-Key: {KEY_A}\r\n\r\n".encode())
    assert keyed.startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("path", ["/mcp", "/elsewhere"])
def test_a_refusal_before_the_body_is_read_reaches_a_client_still_sending(
    origin: str, path: str
) -> None:
    response = httpx.post(f"{origin}{path}", content=b"x" * 5_000_000)
    assert response.status_code == 401


def test_a_body_that_was_announced_but_not_sent_is_not_waited_for_long(origin: str) -> None:
    head = "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Length: 9\r\n"
    answer = exchange(origin, f"{head}Expect: 100-continue\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 401")


def test_a_key_of_64_kibibytes_is_refused_like_any_other(origin: str) -> None:
    response = call(origin, "ping", {}, **{"X-Api-Key": "k" * 65536})
    assert (response.status_code, response.json()["error"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x00nonsense\r\n\r\n",
        GET + b"X-Api-Key: a\x1bb\r\n\r\n",
        # One byte more than is allowed: more yet could be lost to a reset, and the answer with it.
        GET + b"X-Endless: 1\r\n" * (Budget().fields + 1),
        (GET + b"X-Endless: ").ljust(LONGEST_HEAD + 1, b"1"),
        POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n1",
    ],
    ids=[
        "no request",
        "control byte",
        "endless fields",
        "endless field",
        "smuggling",
        "two lengths",
    ],
)
def test_bytes_that_are_not_http_get_our_400(origin: str, nonsense: bytes) -> None:
    answer = exchange(origin, nonsense)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert body == b'{"error":"bad_request"}'
    assert b"\r\nx-request-id: " in head
    for name in SECURITY_HEADERS:
        assert f"\r\n{name.lower()}: ".encode() in head


def test_a_trailer_is_no_header(origin: str) -> None:
    """The chain has judged the request by the time a trailer comes."""
    head = "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked"
    trailed = exchange(origin, f"{head}\r\n\r\n0\r\nX-Api-Key: {KEY_A}\r\n\r\n".encode())
    assert trailed.startswith(b"HTTP/1.1 401")


def test_blanks_around_a_field_are_no_part_of_its_value(origin: str) -> None:
    params = {"name": "ping", "arguments": {}, "_meta": META}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    body = json.dumps(message).encode()
    request = (
        f"POST /mcp HTTP/1.1\r\nHost: {origin.removeprefix('http://')}\r\nX-Api-Key: {KEY_A} \r\n"
        "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        f"MCP-Protocol-Version: {MODERN}\r\nMcp-Method: tools/call\r\nMcp-Name:  ping\t \r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answer = exchange(origin, request.encode() + body)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert str(TENANT_A).encode() in answer


def test_two_requests_on_one_line_are_judged_each_by_its_own_head(origin: str) -> None:
    keyed = f"GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Api-Key: {KEY_A}\r\n\r\n"
    bare = "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answers = exchange(origin, f"{keyed}{bare}".encode())
    assert answers.startswith(b"HTTP/1.1 404")
    assert b"HTTP/1.1 401" in answers


def test_a_body_above_the_sdks_bound_is_413(origin: str) -> None:
    response = httpx.post(f"{origin}/mcp", content=b"x" * 5_000_000, headers={"X-Api-Key": KEY_A})
    assert response.status_code == 413
    assert response.headers["X-Request-Id"]


def test_an_open_stream_ends_cleanly_when_the_server_stops() -> None:
    world = World()
    opened = threading.Event()
    ended = threading.Event()

    def hold(origin: str) -> None:
        session = post(origin, "initialize", KEY_A).headers["Mcp-Session-Id"]
        headers = {"X-Api-Key": KEY_A, "Mcp-Session-Id": session, "Accept": "text/event-stream"}
        with httpx.stream("GET", f"{origin}/mcp", headers=headers) as stream:
            assert stream.status_code == 200
            assert stream.headers["X-Request-Id"]
            opened.set()
            list(stream.iter_raw())  # a reset instead of an end would raise
            ended.set()

    with serving(world) as origin:
        holder = threading.Thread(target=hold, args=(origin,))
        holder.start()
        assert opened.wait(5)
    holder.join(5)
    assert ended.is_set()
