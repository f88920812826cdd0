"""AUTH, continued: whatever a message asks for, it asks for it with a credential."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.http.answer import NOTHING_THERE
from conformance.forge.methods import KINDS, in_session, messages
from conformance.forge.requests import SESSION_REVISIONS, STATELESS, rpc
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.good_case import GoodCase
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys


@requirement("AUTH-20")
def test_no_method_is_served_without_a_key(
    wire: Wire, discovery: Discovery, good_case: GoodCase
) -> None:
    """All that clients may send is sent without a key, and outside of any session.

    What a target need not look at before it refuses for another reason may be refused for that.
    """
    capabilities = discovery.capabilities
    for revision in discovery.eras or (wire.revision,):
        line = wire.derived(revision=revision)
        for message in messages(wire.target.tools.ping):
            if not message.is_of(revision):
                continue
            answer = line.send(message.request(revision, None))
            what = f"{revision}: {message.method} without a key"
            assert not answer.executed, f"{what} got a result: {answer}"
            is_served = not message.capability or message.capability in capabilities
            if revision == STATELESS and is_served:
                assert answer.status == HTTPStatus.UNAUTHORIZED, f"{what} was answered {answer}"
            assert 400 <= answer.status < 500, f"{what} was answered {answer}"
    good_case.conclude()


@requirement("AUTH-20")
def test_no_method_is_served_for_a_session_id_alone(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """The session is alive, as its owner shows before and after; its id alone opens no method."""
    found = [name for name in discovery.revisions if name in SESSION_REVISIONS]
    if not found:
        raise NotApplicableError("the target speaks no revision that has sessions")
    line = wire.derived(revision=found[0])
    answer, session = line.open_session(keys.active)
    establish(answer.succeeded, f"a session can be opened (got {answer})")
    if session is None:
        raise NotApplicableError("the target opens no sessions")
    capabilities = answer.capabilities

    def is_alive(message_id: int) -> bool:
        asked = rpc("ping", revision=line.revision, session=session, message_id=message_id)
        return "result" in line.send(asked, key=keys.active).message

    establish(is_alive(100), "its owner can use the session")
    for kind in KINDS:
        tried = in_session(kind, capabilities, line.revision, session, line.target.tools.ping)
        for what, request in tried.items():
            refusal = line.send(request)
            is_lacking = request.method != "POST" and refusal.status in NOTHING_THERE
            assert is_lacking or refusal.status == HTTPStatus.UNAUTHORIZED, (
                f"{what} in a session and without a key was answered {refusal}"
            )
            assert not refusal.executed, f"{what} without a key got a result: {refusal}"
    establish(is_alive(101), "its owner can still use it")
