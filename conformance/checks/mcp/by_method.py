"""MCP, continued: another's session and none, by every message that a client may send in one."""

from __future__ import annotations

import json
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from conformance.analysis.alike import difference
from conformance.channels.http.answer import DONE, NOTHING_THERE
from conformance.checks.mcp._common import a_session_revision, opened
from conformance.forge.methods import KINDS, in_session
from conformance.forge.requests import rpc
from conformance.forge.sessions import nobodys_session
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.forge.requests import Request

LISTED_ID = 100
"""The JSON-RPC id of a session's first use, beyond those of what is tried in it."""


def described(line: Wire, key: str) -> tuple[str, dict[str, Any]]:
    """Open a session; return its id and what the target says that it can do."""
    answer, session = line.open_session(key)
    establish(answer.succeeded, f"a session can be opened (got {answer})")
    if session is None:
        raise NotAssessedError("the target opens no sessions")
    return session, answer.capabilities


def works(line: Wire, key: str, session: str, message_id: int = LISTED_ID) -> Answer:
    """Use a session as its owner does."""
    asked = rpc("ping", revision=line.revision, session=session, message_id=message_id)
    return line.send(asked, key=key)


@requirement("MCP-07")
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_tells_another_tenants_session_from_an_unknown_one(
    wire: Wire, keys: Keys, discovery: Discovery, kind: str
) -> None:
    """Whatever B sends in A's session is answered as in one that nobody has, and ends nothing."""
    line = wire.derived(revision=a_session_revision(discovery))
    session, capabilities = described(line, keys.a.active)
    unknown = nobodys_session([session, opened(line, keys.a.active)])
    before = works(line, keys.a.active, session)
    establish("result" in before.message, f"tenant A can use its session (got {before})")

    def ask(request: Request, identity: str) -> Answer:
        told = request.with_header("Mcp-Session-Id", identity)
        answer = line.send(told, key=keys.b.active)
        return answer.without(identity, json.dumps(identity)[1:-1])

    tool = line.target.tools.ping
    tried = in_session(kind, capabilities, line.revision, session, tool)
    for number, (what, request) in enumerate(tried.items(), LISTED_ID + 1):
        # Asked again, a session that this has ended is as unknown as any.
        foreign = ask(request, session)
        after = works(line, keys.a.active, session, number)
        assert "result" in after.message, (
            f"{what} by tenant B ended a session of tenant A: {foreign}, and then {after}"
        )
        told = difference(partial(ask, request, session), partial(ask, request, unknown))
        assert not told, f"{what}: another tenant's session is told from an unknown one: {told}"


@requirement("MCP-09")
@pytest.mark.parametrize("kind", KINDS)
def test_every_message_in_an_unknown_or_ended_session_is_refused(
    wire: Wire, guest: TenantKeys, discovery: Discovery, kind: str
) -> None:
    """Each gets 404 in a session that nobody has, and in one that its owner has ended.

    A server need have neither a stream nor a way to end a session, and may say so to anybody. What
    it does not take in a living session either, such as a reply to nothing that it asked, it may
    refuse as it does there.
    """
    line = wire.derived(revision=a_session_revision(discovery))
    session, capabilities = described(line, guest.active)
    unknown = nobodys_session([session, opened(line, guest.active)])
    before = works(line, guest.active, session)
    establish("result" in before.message, f"its owner can use the session (got {before})")
    tried = in_session(kind, capabilities, line.revision, unknown, line.target.tools.ping)
    gone = {HTTPStatus.NOT_FOUND} | (NOTHING_THERE if kind == KINDS[2] else set[HTTPStatus]())
    untaken: dict[str, int] = {}
    if kind == KINDS[1]:
        for what, request in tried.items():
            live = line.send(request.with_header("Mcp-Session-Id", session), key=guest.active)
            untaken[what] = live.status if live.status >= HTTPStatus.BAD_REQUEST else 0
    for what, request in tried.items():
        answer = line.send(request, key=guest.active)
        is_refused = answer.status in gone or answer.status == untaken.get(what)
        assert is_refused, f"{what} in an unknown session was answered {answer}"
    ending = in_session(KINDS[2], {}, line.revision, session, None)["DELETE"]
    ended = line.send(ending, key=guest.active)
    if ended.status not in DONE:
        raise NotAssessedError("the target does not let clients end sessions, as it may")
    for what, request in tried.items():
        answer = line.send(request.with_header("Mcp-Session-Id", session), key=guest.active)
        is_refused = answer.status in gone or answer.status == untaken.get(what)
        assert is_refused, f"{what} in an ended session was answered {answer}"
