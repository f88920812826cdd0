"""Questions of tools: put to a client's user in either era, and their answers.

Clients of revision 2026-07-28 get the question as a result and call again with the answer; earlier
ones get a request of the server's own on the call's stream, and answer it in their session.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import mcp_types as types
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from reference_server.tools.contracts import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.protocol.desk import Call
    from reference_server.tools.contracts import Question

QUESTION = "question"
"""The name of the one request for input that a result holds."""

ANSWER_SECONDS = 25.0
"""How long a call of a session waits for its answer: less than it may take as a whole."""

NEEDED = types.ClientCapabilities(elicitation=types.ElicitationCapability())


def can_be_asked(call: Call) -> bool:
    """Tell whether the client declared that it puts questions to its user."""
    return call.session.check_client_capability(NEEDED)


def is_answered_later(call: Call) -> bool:
    """Tell whether the call's revision has the client call again with the answer."""
    return call.session.protocol_version in MODERN_PROTOCOL_VERSIONS


def reply_in(params: types.CallToolRequestParams) -> Reply | None:
    """Return the answer that a call brings along; None when it is the first of its kind."""
    if params.request_state is None:
        return None
    given = (params.input_responses or {}).get(QUESTION)
    if not isinstance(given, types.ElicitResult):
        return None
    return _reply(json.loads(params.request_state), given)


def as_result(question: Question) -> types.InputRequiredResult:
    """Return the question as the result that asks for another call."""
    return types.InputRequiredResult(
        input_requests={QUESTION: types.ElicitRequest(params=_params(question))},
        request_state=json.dumps(dict(question.state)),
    )


async def ask_in_session(call: Call, question: Question) -> Reply:
    """Put the question to the client that called; an answer that does not come is a no.

    The SDK takes an answer from this call's own session only, and a session belongs to its owner.
    """
    session, message = call.session, question.message
    if question.url is None:
        asked = session.elicit_form(message, question.schema, call.request_id)
    else:
        asked = session.elicit_url(message, question.url, uuid4().hex, call.request_id)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return _reply(question.state, await asked)
    except TimeoutError:
        return Reply(question.state, None)


def _params(question: Question) -> types.ElicitRequestParams:
    if question.url is None:
        return types.ElicitRequestFormParams(
            message=question.message, requested_schema=question.schema
        )
    return types.ElicitRequestURLParams(message=question.message, url=question.url)


def _reply(state: Mapping[str, Any], given: types.ElicitResult) -> Reply:
    return Reply(state, dict(given.content or {}) if given.action == "accept" else None)
