"""Resources, prompts, completions, cursors and subscriptions: to each principal its own."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from reference_server.core.errors import UnknownObjectError
from reference_server.core.settings import Limits
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.prompts.registry import build_prompts
from reference_server.resources.contracts import ListedResource
from reference_server.tests.asking import SESSIONS, in_session, open_session, post, stateless
from reference_server.tests.asking import meta as request_meta
from reference_server.tests.fakes import KEY_A, KEY_B, TENANT_A, TENANT_B, World
from reference_server.tests.live import serving
from reference_server.tools.contracts import Step

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from reference_server.tools.contracts import Caller

NOTES = {TENANT_A: ("a1", "a2", "a3"), TENANT_B: ("b1",)}


@dataclass(frozen=True)
class Notes:
    """A family of notes, of which each tenant has its own."""

    uri_template: str = "note://{metricId}"
    name: str = "note"
    description: str = "A note."
    mime_type: str = "text/plain"

    def list_after(self, position: str, count: int, caller: Caller) -> Sequence[ListedResource]:
        """Return the caller's notes behind a position."""
        notes = [one for one in NOTES[caller.principal.tenant_id] if one > position]
        return [ListedResource(f"note://{one}", one, one) for one in notes[:count]]

    def read(self, uri: str, caller: Caller) -> str:
        """Return a note's text."""
        identity = uri.removeprefix("note://")
        if identity == "broken":
            raise RuntimeError("secret")
        if identity not in NOTES[caller.principal.tenant_id]:
            raise UnknownObjectError("resource")
        return f"the text of {identity}"

    def complete(self, beginning: str, caller: Caller) -> Sequence[str]:
        """Return the caller's notes that begin so."""
        return [one for one in NOTES[caller.principal.tenant_id] if one.startswith(beginning)]


class Touch:
    """A tool that changes a note."""

    name = "touch"
    description = "Change a note."
    input_schema: Mapping[str, Any] = {"type": "object"}

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Say that a note has changed."""
        caller.changed.append(f"note://{arguments['note']}")
        caller.steps.append(Step("debug", "looked up"))
        caller.steps.append(Step("warning", "touched"))
        return {}


@pytest.fixture(scope="module")
def world() -> World:
    """The fakes of this module's one server."""
    notes = Notes()
    return World(
        limits=Limits(address_requests=10_000, tenant_requests=10_000, failures=10_000),
        replaced={
            "mcp.resources": [notes],
            "mcp.prompts": build_prompts(notes),
            "mcp.tools": [Touch()],
        },
    )


@pytest.fixture(scope="module")
def origin(world: World) -> Generator[str]:
    """The origin of this module's one server."""
    with serving(world) as served:
        yield served


def ask(origin: str, method: str, key: str = KEY_A, **params: Any) -> dict[str, Any]:
    """Return the JSON-RPC answer to a request of revision 2026-07-28."""
    return post(origin, method, key, params).json()


def test_lists_come_in_pages_that_hold_the_callers_own(origin: str) -> None:
    first = ask(origin, "resources/list")["result"]
    assert [one["uri"] for one in first["resources"]] == ["note://a1", "note://a2"]
    second = ask(origin, "resources/list", cursor=first["nextCursor"])["result"]
    assert [one["uri"] for one in second["resources"]] == ["note://a3"]
    assert "nextCursor" not in second
    assert first["cacheScope"] == second["cacheScope"] == "private"
    other = ask(origin, "resources/list", KEY_B)["result"]
    assert [one["uri"] for one in other["resources"]] == ["note://b1"]


def test_a_cursor_is_of_use_to_nobody_else(origin: str, world: World) -> None:
    cursor = ask(origin, "resources/list")["result"]["nextCursor"]
    answers = [
        ask(origin, "resources/list", KEY_B, cursor=given)["error"]
        for given in (cursor, f"{cursor[:-2]}AA", "made up", "")
    ]
    assert {json.dumps(one) for one in answers} == {json.dumps(answers[0])}
    assert answers[0]["code"] == -32602
    last = world.trail.rows[-1]
    assert (last.event_type, last.outcome) == (EventType.LIST_REFUSED, Outcome.FAILURE)
    assert ask(origin, "prompts/list", cursor=cursor)["error"]["code"] == -32602


def test_anothers_resource_is_as_unknown_as_none(origin: str, world: World) -> None:
    own = ask(origin, "resources/read", uri="note://a1")["result"]
    assert own["contents"][0]["text"] == "the text of a1"
    assert own["cacheScope"] == "private"
    foreign, absent, elsewhere = [
        ask(origin, "resources/read", KEY_B, uri=uri)["error"]
        for uri in ("note://a1", "note://zz", "file:///etc/passwd")
    ]
    assert foreign == absent == elsewhere
    last = world.trail.rows[-1]
    assert (last.event_type, last.outcome) == (EventType.RESOURCE_READ, Outcome.FAILURE)
    assert last.tenant_id == TENANT_B


def test_a_failure_tells_no_reason(origin: str) -> None:
    error = ask(origin, "resources/read", uri="note://broken")["error"]
    assert error["code"] == -32603
    assert "secret" not in error["message"]
    assert "request id" in error["message"]


def test_prompts_hold_the_callers_own(origin: str) -> None:
    names = [one["name"] for one in ask(origin, "prompts/list")["result"]["prompts"]]
    assert names == ["explain_metric", "review_metrics"]
    text = json.dumps(ask(origin, "prompts/get", KEY_B, name="review_metrics", arguments={}))
    assert "the text of b1" in text
    assert "the text of a1" not in text
    explained = ask(origin, "prompts/get", name="explain_metric", arguments={"metricId": "a1"})
    assert "{" not in explained["result"]["messages"][0]["content"]["text"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("nowhere", {}),
        ("explain_metric", {}),
        ("explain_metric", {"metricId": "b1"}),
        ("review_metrics", {"other": "x"}),
    ],
)
def test_a_wrong_request_for_a_prompt_is_refused(
    origin: str, name: str, arguments: dict[str, str]
) -> None:
    assert ask(origin, "prompts/get", name=name, arguments=arguments)["error"]["code"] == -32602


def test_suggestions_are_the_callers_own(origin: str) -> None:
    for ref in (
        {"type": "ref/resource", "uri": "note://{metricId}"},
        {"type": "ref/prompt", "name": "explain_metric"},
    ):
        argument = {"name": "metricId", "value": ""}
        answers = [
            ask(origin, "completion/complete", key, ref=ref, argument=argument)["result"]
            for key in (KEY_A, KEY_B)
        ]
        assert [one["completion"]["values"] for one in answers] == [["a1", "a2", "a3"], ["b1"]]
        other = {"name": "other", "value": ""}
        assert "error" in ask(origin, "completion/complete", ref=ref, argument=other)


@contextmanager
def _listening(origin: str, key: str, uri: str) -> Generator[Iterator[dict[str, Any]]]:
    request = stateless(
        "subscriptions/listen", key, {"notifications": {"resourceSubscriptions": [uri]}}
    )
    with httpx.stream("POST", f"{origin}/mcp", **request, timeout=5) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        yield (json.loads(line[6:]) for line in response.iter_lines() if line[:6] == "data: ")


def test_a_listener_is_told_of_what_its_principal_changes(origin: str) -> None:
    with _listening(origin, KEY_A, "note://a1") as messages:
        assert next(messages)["method"] == "notifications/subscriptions/acknowledged"
        ask(origin, "tools/call", KEY_B, name="touch", arguments={"note": "a1"})
        ask(origin, "tools/call", name="touch", arguments={"note": "a2"})
        ask(origin, "tools/call", name="touch", arguments={"note": "a1"})
        told = next(messages)
        assert told["method"] == "notifications/resources/updated"
        assert told["params"]["uri"] == "note://a1"


def test_nobody_listens_to_anothers_resource(origin: str) -> None:
    answers = [
        ask(
            origin,
            "subscriptions/listen",
            KEY_B,
            notifications={"resourceSubscriptions": [uri]},
        )["error"]
        for uri in ("note://a1", "note://zz")
    ]
    assert answers[0] == answers[1]


def _stream(origin: str, key: str, session: str, **more: str) -> Any:
    headers = {
        "X-Api-Key": key,
        "Accept": "text/event-stream",
        "Mcp-Session-Id": session,
        "MCP-Protocol-Version": SESSIONS,
    }
    return httpx.stream("GET", f"{origin}/mcp", headers=headers | more, timeout=5)


def test_a_session_is_told_and_told_again_what_it_missed(origin: str) -> None:
    session, other = open_session(origin, KEY_A), open_session(origin, KEY_A)
    params = {"uri": "note://a1"}
    in_session(origin, KEY_A, session, id=1, method="resources/subscribe", params=params)

    def touch() -> None:
        ask(origin, "tools/call", name="touch", arguments={"note": "a1"})

    with _stream(origin, KEY_A, session) as response:
        touch()
        lines = response.iter_lines()
        told = [line for line, _ in zip(lines, range(3), strict=False)]
    assert "note://a1" in told[2]
    touch()
    last = told[0].removeprefix("id: ")
    with _stream(origin, KEY_A, session, **{"Last-Event-ID": last}) as response:
        again = [line for line, _ in zip(response.iter_lines(), range(3), strict=False)]
    assert "note://a1" in again[2]
    assert again[0] != told[0]
    # Nor is it told to another session, though it is the same principal's.
    with _stream(origin, KEY_A, other, **{"Last-Event-ID": last}) as response:
        assert not [line for line in response.iter_lines() if line.startswith("data: {")]


def _told(response: httpx.Response) -> list[tuple[str, Any]]:
    """Return the notifications before an answer: progress by its token, log messages by level."""
    if response.headers["content-type"] == "application/json":
        return []
    found = [json.loads(line[6:]) for line in response.text.splitlines() if line[:7] == "data: {"]
    params = [one["params"] for one in found if "method" in one]
    return [(one.get("progressToken") or one["level"], one.get("data")) for one in params]


@pytest.mark.parametrize(
    ("meta", "told"),
    [
        ({}, []),
        ({"progressToken": "t"}, [("t", None), ("t", None)]),
        ({"io.modelcontextprotocol/logLevel": "info"}, [("warning", "touched")]),
    ],
)
def test_a_request_is_told_what_it_asked_for(
    origin: str, meta: dict[str, str], told: list[tuple[str, Any]]
) -> None:
    request = stateless("tools/call", KEY_A, {"name": "touch", "arguments": {"note": "a1"}})
    request["json"]["params"]["_meta"] = {**request_meta({}), **meta}
    assert _told(httpx.post(f"{origin}/mcp", **request)) == told


def test_a_session_gets_log_messages_of_the_level_it_has_set(origin: str) -> None:
    session, other = open_session(origin, KEY_A), open_session(origin, KEY_A)
    params = {"name": "touch", "arguments": {"note": "a1"}}

    def call(identity: str, number: int) -> list[tuple[str, Any]]:
        sent = {"id": number, "method": "tools/call", "params": params}
        return _told(in_session(origin, KEY_A, identity, **sent))

    assert call(session, 1) == []
    in_session(origin, KEY_A, session, id=2, method="logging/setLevel", params={"level": "warning"})
    assert call(session, 3) == [("warning", "touched")]
    assert call(other, 4) == []
