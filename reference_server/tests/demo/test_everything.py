"""The fixtures of `demo --everything`: audited and kept apart like all else, and nowhere else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from reference_server.__main__ import main
from reference_server.core.settings import Limits
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.demo.everything import add_everything
from reference_server.tests.asking import post
from reference_server.tests.fakes import KEY_A, KEY_B, TENANT_A, World
from reference_server.tests.live import serving

if TYPE_CHECKING:
    from collections.abc import Generator

    import httpx

    from reference_server.parts import Parts

STATEFUL = "test_input_required_result_request_state"
ANSWERS = {"confirm": {"action": "accept", "content": {"ok": True}}}


class Everything(World):
    """A server with the fixtures."""

    def parts(self) -> Parts:
        """Return the parts with everything."""
        return add_everything(super().parts())


@pytest.fixture(scope="module")
def world() -> World:
    """The fakes of this module's one server."""
    return Everything(limits=Limits(address_requests=10_000, tenant_requests=10_000))


@pytest.fixture(scope="module")
def origin(world: World) -> Generator[str]:
    """The origin of this module's one server."""
    with serving(world) as served:
        yield served


def ask(origin: str, method: str, key: str = KEY_A, **params: Any) -> httpx.Response:
    """Return the answer to a request of revision 2026-07-28 from a client that can be asked."""
    able: dict[str, Any] = params.pop("able", {"elicitation": {}})
    return post(origin, method, key, params, able)


def call(origin: str, tool: str, key: str = KEY_A, **params: Any) -> dict[str, Any]:
    """Return the JSON-RPC answer of a tool."""
    return ask(origin, "tools/call", key, name=tool, **{"arguments": {}, **params}).json()


def offered(origin: str) -> str:
    """Return all that a server lists, as one text."""
    listed = [ask(origin, f"{kind}/list").text for kind in ("tools", "prompts", "resources")]
    return "".join([*listed, ask(origin, "resources/templates/list").text])


def test_only_the_demo_that_is_asked_to_has_the_fixtures(origin: str) -> None:
    assert all(mark in offered(origin) for mark in ("test_simple_text", "test_simple_prompt"))
    with serving(World()) as plain:
        told = offered(plain)
        assert "ping" in told
        assert "test_" not in told
        assert "test://" not in told
        assert call(plain, "test_simple_text")["error"]["code"] == -32602


def test_serve_takes_no_such_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["serve", "--everything"])
    assert left.value.code == 2
    assert "--everything" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tool", "params", "event", "outcome"),
    [
        ("test_image_content", {}, EventType.TOOL_CALLED, Outcome.SUCCESS),
        ("test_error_handling", {}, EventType.TOOL_FAILED, Outcome.FAILURE),
        ("test_image_content", {"arguments": {"x": 1}}, EventType.TOOL_FAILED, Outcome.FAILURE),
        ("test_missing_capability", {}, EventType.TOOL_FAILED, Outcome.FAILURE),
    ],
)
def test_each_call_has_its_row(
    origin: str,
    world: World,
    tool: str,
    params: dict[str, Any],
    event: EventType,
    outcome: Outcome,
) -> None:
    call(origin, tool, **params)
    last = world.trail.rows[-1]
    assert (last.event_type, last.outcome, last.tenant_id) == (event, outcome, TENANT_A)
    assert (last.metadata or {})["tool"] == tool


def test_a_failure_tells_no_reason(origin: str) -> None:
    result = call(origin, "test_error_handling")["result"]
    assert result["isError"]
    assert "request id" in result["content"][0]["text"]
    assert "intentionally" not in json.dumps(result)


def test_what_a_client_cannot_be_asked_for_is_not_asked(origin: str) -> None:
    refused = ask(origin, "tools/call", name=STATEFUL, arguments={}, able={})
    assert refused.status_code == 400
    assert refused.json()["error"]["data"] == {"requiredCapabilities": {"elicitation": {}}}


def test_a_state_is_of_use_to_nobody_else(origin: str) -> None:
    state = call(origin, STATEFUL)["result"]["requestState"]
    again: dict[str, Any] = {"inputResponses": ANSWERS, "requestState": state}
    assert "state-ok" in json.dumps(call(origin, STATEFUL, **again)["result"])
    assert call(origin, STATEFUL, KEY_B, **again)["error"]["code"] == -32602


def test_a_prompt_and_its_suggestions_have_their_rows(origin: str, world: World) -> None:
    ask(origin, "prompts/get", name="test_simple_prompt", arguments={"unknown": "x"})
    assert world.trail.rows[-1].event_type is EventType.PROMPT_RENDERED
    assert world.trail.rows[-1].outcome is Outcome.FAILURE
    ref = {"type": "ref/prompt", "name": "test_prompt_with_arguments"}
    argument = {"name": "arg1", "value": "par"}
    found = ask(origin, "completion/complete", ref=ref, argument=argument).json()["result"]
    assert found["completion"]["values"] == ["paris", "park", "party"]
    assert world.trail.rows[-1].event_type is EventType.ARGUMENT_COMPLETED
    other = {"name": "other", "value": ""}
    refused = ask(origin, "completion/complete", ref=ref, argument=other).json()
    assert refused["error"]["code"] == -32602


@pytest.mark.parametrize(
    ("uri", "content"),
    [
        ("test://static-binary", "blob"),
        ("test://template/7/data", "text"),
        ("test://template//data", None),
        ("test://static-text-not", None),
    ],
)
def test_resources_are_found_by_their_uri_alone(origin: str, uri: str, content: str | None) -> None:
    answer = ask(origin, "resources/read", uri=uri).json()
    if content is None:
        assert answer["error"]["code"] == -32602
    else:
        assert content in answer["result"]["contents"][0]


def test_a_task_is_of_use_to_nobody_else(origin: str, world: World) -> None:
    able: dict[str, Any] = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
    begun = ask(origin, "tools/call", name="multi_input", arguments={}, able=able).json()["result"]
    task = begun["taskId"]

    def get(key: str) -> dict[str, Any]:
        return ask(origin, "tasks/get", key, taskId=task, able=able).json()

    assert get(KEY_A)["result"]["taskId"] == task
    refused = get(KEY_B)["error"]
    assert (refused["code"], task in json.dumps(refused)) == (-32602, False)
    assert world.trail.rows[-1].event_type is EventType.TOOL_FAILED
    assert "error" in ask(origin, "tasks/cancel", KEY_B, taskId=task, able=able).json()
    assert get(KEY_A)["result"]["status"] == "input_required"
    ask(origin, "tasks/cancel", taskId=task, able=able)
    assert get(KEY_A)["result"]["status"] == "cancelled"
