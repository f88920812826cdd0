"""The gate without a socket: what happens when something in it goes wrong."""

from __future__ import annotations

import asyncio
from importlib.metadata import PackageNotFoundError
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from reference_server.core import release
from reference_server.protocol import exchange as exchange_module
from reference_server.protocol import gate as gate_module
from reference_server.protocol.arguments import find_bad_argument
from reference_server.protocol.gate import build_asgi
from reference_server.tests.fakes import KEY_A, TENANT_A, FakeStates, World
from reference_server.web.app import create_app
from reference_server.web.stages.identify_request import identify_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    Message = dict[str, Any]


def scope_of(path: str, method: str = "POST", headers: Sequence[tuple[str, str]] = ()) -> Message:
    """Return an ASGI scope as uvicorn makes one."""
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:1"), *raw],
        "client": ("127.0.0.1", 4711),
    }


def serve_one(
    world: World, scope: Message, received: Sequence[Message] | None = None
) -> list[Message]:
    """Serve one request and return what was sent; what is received by default is an empty body."""
    waiting = list(received if received is not None else [{"type": "http.request", "body": b""}])
    sent: list[Message] = []

    async def run() -> None:
        gate = build_asgi(create_app(world.settings, world.parts()), world.settings, world.parts())
        opening, closing = asyncio.Event(), asyncio.Event()

        async def live() -> Message:
            if opening.is_set():
                await closing.wait()
            opening.set()
            return {"type": "lifespan"}

        async def ignore(_message: object) -> None:
            started.set()

        async def receive() -> Message:
            return waiting.pop(0) if waiting else await never()

        async def send(message: Any) -> None:
            sent.append(message)

        started = asyncio.Event()
        life = asyncio.create_task(gate({"type": "lifespan"}, live, ignore))
        await started.wait()
        await gate(scope, receive, send)
        closing.set()
        await life

    asyncio.run(run())
    return sent


async def never() -> NoReturn:
    """Wait for what does not come."""
    await asyncio.Event().wait()
    raise AssertionError


def head_of(sent: list[Message]) -> tuple[int, dict[bytes, bytes]]:
    """Return status and headers."""
    return sent[0]["status"], dict(sent[0]["headers"])


def test_a_request_without_a_principal_never_reaches_the_sdk() -> None:
    """Even with every guard taken out of the chain the gate itself admits no stranger."""
    world = World(replaced={"web.pipeline": [identify_request]})
    status, headers = head_of(serve_one(world, scope_of("/mcp")))
    assert status == 500
    assert headers[b"x-request-id"]
    assert headers[b"x-frame-options"] == b"DENY"


def test_an_address_told_by_a_trusted_proxy_is_the_one_that_is_audited() -> None:
    for networks, address in (((), "127.0.0.1"), ((ip_network("127.0.0.1"),), "192.0.2.7")):
        world = World(trusted_proxies=networks)
        serve_one(world, scope_of("/mcp", headers=[("x-forwarded-for", "192.0.2.7")]))
        assert world.trail.rows[0].address == address


def test_an_error_in_a_stage_is_a_fixed_500() -> None:
    def broken(_context: object, _parts: object) -> NoReturn:
        raise RuntimeError("secret")

    for path in ("/mcp", "/elsewhere"):
        sent = serve_one(World(replaced={"web.pipeline": [broken]}), scope_of(path))
        status, headers = head_of(sent)
        assert (status, sent[1]["body"]) == (500, b'{"error":"internal_server_error"}')
        assert headers[b"x-request-id"]


def test_a_crash_after_the_answer_has_begun_only_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def begin_and_break(_self: object, _scope: object, _receive: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    monkeypatch.setattr(gate_module.SessionManager, "handle_request", begin_and_break)
    sent = serve_one(World(), scope_of("/mcp", headers=[("X-Api-Key", KEY_A)]))
    assert [message["status"] for message in sent if "status" in message] == [200]
    assert sent[-1] == {"type": "http.response.body", "body": b""}


def test_a_foreign_origin_that_cannot_be_audited_is_503() -> None:
    world = World()
    world.trail.rows_left = 1
    headers = [
        ("X-Api-Key", KEY_A),
        ("Origin", "https://evil.example"),
        ("Content-Type", "application/json"),
    ]
    status, _ = head_of(serve_one(world, scope_of("/mcp", headers=headers)))
    assert status == 503


def test_the_origin_is_not_checked_when_the_parts_say_so() -> None:
    headers = [("X-Api-Key", KEY_A), ("Origin", "https://evil.example")]
    world = World(replaced={"mcp.check_origin": False})
    status, _ = head_of(serve_one(world, scope_of("/mcp", "GET", headers=headers)))
    assert status == 406


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ([{"type": "http.request", "body": b"{", "more_body": True}], 408),
        ([{"type": "http.request", "body": b"{}"}], 504),
    ],
)
def test_neither_a_body_nor_an_answer_is_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch, received: Sequence[Message], expected: int
) -> None:
    async def forget(_self: object, _scope: object, receive: Any, _send: object) -> None:
        while (await receive()).get("more_body"):
            pass
        await never()

    monkeypatch.setattr(gate_module, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(exchange_module, "DRAIN_SECONDS", 0.05)
    monkeypatch.setattr(gate_module.SessionManager, "handle_request", forget)
    scope = scope_of("/mcp", headers=[("X-Api-Key", KEY_A)])
    status, headers = head_of(serve_one(World(), scope, received))
    assert status == expected
    assert headers[b"x-request-id"]


CALLBACK = "/oauth/google/callback"
HALF: dict[str, Any] = {"type": "http.request", "body": b"{", "more_body": True}


@pytest.mark.parametrize(("key", "expected"), [(KEY_A, 408), ("wrong", 401)])
def test_a_view_waits_for_no_body(monkeypatch: pytest.MonkeyPatch, key: str, expected: int) -> None:
    """The chain judges the request all the same, and the trail has its row."""
    monkeypatch.setattr(gate_module, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(exchange_module, "DRAIN_SECONDS", 0.05)
    world = World()
    headers = [("X-Api-Key", key), ("Content-Type", "application/json"), ("Content-Length", "9")]
    status, answered = head_of(serve_one(world, scope_of(CALLBACK, headers=headers), [HALF]))
    assert (status, answered[b"connection"]) == (expected, b"close")
    assert world.trail.rows[-1].request_id == answered[b"x-request-id"].decode()


def test_a_body_in_parts_reaches_its_view_whole() -> None:
    headers = [("X-Api-Key", KEY_A), ("Content-Type", "application/json")]
    scope = scope_of(CALLBACK, headers=[*headers, ("Content-Length", "19")])
    end = {"type": "http.request", "body": b'"state":"state-1"', "more_body": True}
    last = {"type": "http.request", "body": b"}"}
    states = FakeStates()
    states.open.add((TENANT_A, "google", "state-1"))
    world = World(replaced={"oauth.states": states})
    assert serve_one(world, scope, [HALF, end, last])[0]["status"] == 200


def test_an_answer_that_stops_half_way_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    async def begin(_self: object, _scope: object, _receive: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await never()

    monkeypatch.setattr(gate_module, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(gate_module.SessionManager, "handle_request", begin)
    sent = serve_one(World(), scope_of("/mcp", headers=[("X-Api-Key", KEY_A)]))
    assert sent[-1] == {"type": "http.response.body", "body": b""}


def test_a_websocket_is_closed() -> None:
    assert serve_one(World(), {"type": "websocket"}) == [{"type": "websocket.close", "code": 1000}]


def test_a_body_that_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "DRAIN_SECONDS", 0.05)
    begun = [{"type": "http.request", "body": b"x", "more_body": True}]
    status, headers = head_of(serve_one(World(), scope_of("/mcp"), begun))
    assert (status, headers[b"connection"]) == (401, b"close")


def test_a_body_without_end_is_not_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "DRAIN_BYTES", 10)
    endless = [{"type": "http.request", "body": b"x" * 8, "more_body": True}] * 9
    status, headers = head_of(serve_one(World(), scope_of("/mcp"), endless))
    assert (status, headers[b"connection"]) == (401, b"close")


def test_a_client_that_left_is_no_error() -> None:
    status, _ = head_of(serve_one(World(), scope_of("/mcp"), [{"type": "http.disconnect"}]))
    assert status == 401


def test_any_other_rule_of_a_schema_is_named_with_its_argument() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}}
    complaint = find_bad_argument(schema, {"n": 1})
    assert complaint == 'Invalid arguments: "n" breaks the rule minimum 3.'


def test_a_bare_checkout_has_version_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> NoReturn:
        raise PackageNotFoundError

    monkeypatch.setattr(release, "version", missing)
    assert release.server_version() == "0"
