"""MCP, continued: headers that say what the body says, for those who route by headers alone."""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.checks.mcp._common import spoken
from conformance.forge.requests import SESSION_REVISIONS, STATELESS, rpc, tool_call
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.forge.requests import Request
    from conformance.profile.target import Target

HEADER_MISMATCH = -32020
ANOTHER = "another_name"


def spoilt(good: Request, named: Request | None) -> dict[str, Request]:
    """Return requests whose headers and body disagree in one thing."""
    found = {
        "another Mcp-Method": good.with_header("Mcp-Method", "resources/templates/list"),
        "a body of another version": good.but(
            body=(good.body or b"").replace(STATELESS.encode(), SESSION_REVISIONS[0].encode())
        ),
        "no Mcp-Method": good.with_header("Mcp-Method", None),
    }
    if named is not None:
        encoded = base64.b64encode(ANOTHER.encode()).decode()
        found |= {
            "the Mcp-Method of another call": named.with_header("Mcp-Method", "tools/list"),
            "another Mcp-Name": named.with_header("Mcp-Name", ANOTHER),
            "another Mcp-Name in Base64": named.with_header("Mcp-Name", f"=?base64?{encoded}?="),
            "no Mcp-Name": named.with_header("Mcp-Name", None),
        }
    return found


@requirement("MCP-24")
def test_a_header_that_belies_the_body_is_refused(
    wire: Wire, keys: Keys, discovery: Discovery, target: Target
) -> None:
    """Each request works with the headers that it should have; one of them is changed."""
    if STATELESS not in spoken(discovery):
        raise NotAssessedError(f"the target does not speak {STATELESS}, which asks for the headers")
    line, tool = wire.derived(revision=STATELESS), target.tools.ping
    good = rpc(line.listing, revision=STATELESS)
    named = tool_call(tool, {}, revision=STATELESS, session=None) if tool else None
    for request in (good, named):
        if request is not None:
            answer = line.send(request, key=keys.b.active)
            establish(answer.succeeded, f"the request works (got {answer})")
    for what, request in spoilt(good, named).items():
        answer = line.send(request, key=keys.b.active)
        assert answer.status == HTTPStatus.BAD_REQUEST, f"{what}: no 400, but {answer}"
        assert not answer.result, f"{what}: a refusal holds a result: {answer}"
        code = answer.error.get("code")
        assert code == HEADER_MISMATCH, f"{what}: the code is {code!r}: {answer}"
