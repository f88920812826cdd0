"""Tools that ask for input by their result, and go on when they are called again with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from reference_server.demo.everything.fixture import Fixture, says
from reference_server.protocol.desk import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.protocol.desk import Call
    from reference_server.tools.contracts import Caller

    Requests = Mapping[str, types.InputRequest]
    Asked = types.CallToolRequestParams | types.GetPromptRequestParams

NEEDED = {
    "elicitation/create": "elicitation",
    "sampling/createMessage": "sampling",
    "roots/list": "roots",
}
"""What a client must have declared to be asked so."""


def form(message: str, name: str, kind: str = "string") -> types.ElicitRequest:
    """Return a form with one field."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: {"type": kind}},
        "required": [name],
    }
    params = types.ElicitRequestFormParams(message=message, requested_schema=schema)
    return types.ElicitRequest(params=params)


def _sampling(prompt: str, most: int) -> types.CreateMessageRequest:
    content = types.TextContent(type="text", text=prompt)
    message = types.SamplingMessage(role="user", content=content)
    return types.CreateMessageRequest(
        params=types.CreateMessageRequestParams(messages=[message], max_tokens=most)
    )


def _roots() -> types.ListRootsRequest:
    return types.ListRootsRequest(params=types.RequestParams())


def ask(call: Call, requests: Requests, state: str | None = None) -> types.InputRequiredResult:
    """Return the requests that the client can meet; MCPError (-32021) when it can meet none."""
    declared = call.session.client_capabilities or types.ClientCapabilities()
    able = {
        key: request
        for key, request in requests.items()
        if getattr(declared, NEEDED[request.method]) is not None
    }
    if not able:
        needed: dict[str, Any] = {NEEDED[one.method]: {} for one in requests.values()}
        raise MCPError(
            types.MISSING_REQUIRED_CLIENT_CAPABILITY,
            "The client has not declared what this needs.",
            {"requiredCapabilities": needed},
        )
    return types.InputRequiredResult(input_requests=able, request_state=state)


def has_all(params: Asked, requests: Requests) -> bool:
    """Tell whether every request has its response; others that came along do not matter."""
    return set(requests) <= set(params.input_responses or {})


@dataclass(frozen=True)
class Round:
    """What is asked for at once, and the state that then goes to the client and comes back."""

    requests: Requests
    state: str | None = None


async def _in_rounds(
    call: Call, params: types.CallToolRequestParams, caller: Caller, *, rounds: tuple[Round, ...]
) -> types.CallToolResult | types.InputRequiredResult:
    """Ask for each round's input, one round a call: the state tells which was the last."""
    del caller
    states = [one.state for one in rounds]
    if params.request_state not in (None, *states):
        raise RefusedError("There is no such state.")
    at = states.index(params.request_state) if params.request_state in states else 0
    if not has_all(params, rounds[at].requests):
        return ask(call, rounds[at].requests, rounds[at].state)
    if rounds[at + 1 :]:
        return ask(call, rounds[at + 1].requests, rounds[at + 1].state)
    return says(f"{_told(params)} {'state-ok' if rounds[at].state else ''}".strip())


def _told(params: types.CallToolRequestParams) -> str:
    return " ".join(
        response.model_dump_json(by_alias=True, exclude_none=True)
        for response in (params.input_responses or {}).values()
    )


def _asks(name: str, description: str, *rounds: Round) -> Fixture:
    return Fixture(name, description, partial(_in_rounds, rounds=rounds))


NAME = form("What is your name?", "name")
CONFIRM = form("Please confirm", "ok", "boolean")
_ASKING = "test_input_required_result_"

ASKING = (
    _asks(f"{_ASKING}elicitation", "Ask for a name.", Round({"user_name": NAME})),
    _asks(
        f"{_ASKING}sampling",
        "Ask a model.",
        Round({"capital_question": _sampling("What is the capital of France?", 100)}),
    ),
    _asks(f"{_ASKING}list_roots", "Ask for roots.", Round({"client_roots": _roots()})),
    _asks(f"{_ASKING}request_state", "Ask with a state.", Round({"confirm": CONFIRM}, "asked")),
    _asks(f"{_ASKING}tampered_state", "Ask with a state.", Round({"confirm": CONFIRM}, "asked")),
    _asks(
        f"{_ASKING}multiple_inputs",
        "Ask a user, a model and for roots at once.",
        Round(
            {
                "user_name": NAME,
                "greeting": _sampling("Generate a greeting", 50),
                "client_roots": _roots(),
            },
            "asked",
        ),
    ),
    _asks(
        f"{_ASKING}multi_round",
        "Ask twice.",
        Round({"step1": form("Step 1: What is your name?", "name")}, "first"),
        Round({"step2": form("Step 2: What is your favorite color?", "color")}, "second"),
    ),
    _asks(
        f"{_ASKING}capabilities",
        "Ask as far as the client can be asked.",
        Round({"user_name": NAME, "greeting": _sampling("Generate a greeting", 50)}),
    ),
    _asks(
        "test_missing_capability",
        "Ask a model, which a client without one cannot meet.",
        Round({"greeting": _sampling("Generate a greeting", 50)}),
    ),
    _asks("test_streaming_elicitation", "Ask for a name.", Round({"user_name": NAME})),
)
