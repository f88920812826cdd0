"""Tools that ask before they act: answered by whom they asked, for that call alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from reference_server.core.settings import Limits
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.protocol.states import STATE_SECONDS
from reference_server.tests.asking import in_session, open_session, post
from reference_server.tests.fakes import KEY_A, KEY_B, World
from reference_server.tests.live import serving
from reference_server.tools.contracts import Question

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from reference_server.tools.contracts import Caller, Reply

ABLE: dict[str, Any] = {"elicitation": {"form": {}}}


@dataclass(frozen=True)
class Erase:
    """A tool that asks before it erases."""

    name: str = "erase"
    description: str = "Erase."
    input_schema: dict[str, Any] = field(default_factory=lambda: {"type": "object"})

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Erase nothing."""
        del arguments, caller
        return {"erased": None}

    def ask(self, arguments: Mapping[str, Any], caller: Caller) -> Question:
        """Ask."""
        del caller
        return Question("Sure?", {"type": "object", "properties": {}}, {"what": arguments["what"]})

    def go_on(self, reply: Reply, caller: Caller) -> Mapping[str, Any]:
        """Erase what was agreed to."""
        del caller
        return {"erased": reply.state["what"] if reply.content is not None else ""}


@pytest.fixture(scope="module")
def world() -> World:
    """The fakes of this module's one server."""
    return World(
        limits=Limits(address_requests=10_000, tenant_requests=10_000, failures=10_000),
        replaced={"mcp.tools": [Erase()]},
    )


@pytest.fixture(scope="module")
def origin(world: World) -> Generator[str]:
    """The origin of this module's one server."""
    with serving(world) as served:
        yield served


def call(
    origin: str, key: str = KEY_A, *, what: str = "x", able: Any = ABLE, **more: Any
) -> dict[str, Any]:
    """Call the tool in revision 2026-07-28."""
    params = {"name": "erase", "arguments": {"what": what}, **more}
    return post(origin, "tools/call", key, params, able).json()


def answer(asked: dict[str, Any], action: str = "accept") -> dict[str, Any]:
    """Return what a client sends along with its second call."""
    given: dict[str, Any] = (
        {"action": action, "content": {}} if action == "accept" else {"action": action}
    )
    return {
        "inputResponses": dict.fromkeys(asked["result"]["inputRequests"], given),
        "requestState": asked["result"]["requestState"],
    }


def erased(answered: dict[str, Any]) -> Any:
    """Return what the tool says that it erased."""
    return answered["result"]["structuredContent"]["erased"]


def test_a_tool_acts_once_it_was_answered(origin: str) -> None:
    asked = call(origin)
    assert asked["result"]["resultType"] == "input_required"
    assert erased(call(origin, **answer(asked))) == "x"
    assert erased(call(origin, **answer(asked, "decline"))) == ""
    # An answer to nothing is asked again, and a client that cannot ask is told nothing was done.
    assert "inputRequests" in call(origin, requestState=asked["result"]["requestState"])["result"]
    assert erased(call(origin, able={})) is None


def test_a_state_is_good_for_its_caller_and_its_call(origin: str, world: World) -> None:
    asked = call(origin)
    mine = answer(asked)
    state = mine["requestState"]
    turned = f"{state[:40]}{'A' if state[40] != 'A' else 'B'}{state[41:]}"
    refusals = [
        call(origin, KEY_B, **mine)["error"],
        call(origin, what="y", **mine)["error"],
        call(origin, **{**mine, "requestState": turned})["error"],
        call(origin, **{**mine, "requestState": "made up"})["error"],
    ]
    assert {json.dumps(one) for one in refusals} == {json.dumps(refusals[0])}
    assert refusals[0]["code"] == -32602
    last = world.trail.rows[-1]
    assert (last.event_type, last.outcome) == (EventType.STATE_REFUSED, Outcome.FAILURE)
    world.clock.advance(STATE_SECONDS)
    assert call(origin, **mine)["error"] == refusals[0]


def test_a_question_of_a_session_is_answered_in_it_alone(origin: str) -> None:
    mine, other = open_session(origin, KEY_A, ABLE), open_session(origin, KEY_B, ABLE)
    headers = {
        "X-Api-Key": KEY_A,
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2025-11-25",
        "Mcp-Session-Id": mine,
    }
    params = {"name": "erase", "arguments": {"what": "x"}}
    body = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}
    with httpx.stream("POST", f"{origin}/mcp", headers=headers, json=body, timeout=20) as response:
        messages = (
            json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data: {")
        )
        asked = next(messages)
        assert asked["method"] == "elicitation/create"
        agreed: dict[str, Any] = {"id": asked["id"], "result": {"action": "accept", "content": {}}}
        in_session(origin, KEY_B, other, **agreed)
        assert in_session(origin, KEY_B, mine, **agreed).status_code == httpx.codes.NOT_FOUND
        in_session(origin, KEY_A, mine, id=asked["id"], result={"action": "decline"})
        assert erased(next(messages)) == ""
