"""OAUTH: a caller's token is for one server, and goes no further."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.oauth._common import let_in
from conformance.checks.oauth.issued import other_audiences
from conformance.forge.filling import with_filled_in
from conformance.forge.guise import own_word
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.downstream import Downstream
    from conformance.channels.http.issued import IssuedDesk
    from conformance.channels.http.wire import Wire


@requirement("OAUTH-08")
def test_a_token_for_another_service_is_refused(issued: IssuedDesk) -> None:
    """Signed alike, for the same user, for somebody else."""
    found = let_in(issued, other_audiences(issued))
    assert not found, f"tokens were let in whose audience is {found}"


@requirement("OAUTH-08", also_needs=(Channel.DOWNSTREAM, Channel.DOWNSTREAM_TOOL))
def test_an_issuers_token_reaches_no_service_that_tools_call(
    issued: IssuedDesk, downstream: Downstream
) -> None:
    """The call reaches the judge's API, which shows all of it: so the token would be seen there."""
    token = issued.right()
    found = handed_on(issued.wire, downstream, token)
    assert not found, f"the token of who called {found} reached the service that it calls"


def handed_on(wire: Wire, downstream: Downstream, credential: str) -> str:
    """Call each tool that calls the judge's API; return those by which the credential got there.

    NotEstablishedError unless some call gets there.
    """
    found, arrived = list[str](), 0
    for tool in wire.target.tools.downstream:
        word = own_word()
        answer = wire.call_tool(
            tool.name, with_filled_in(dict(tool.arguments), {"unique": word}), key=credential
        )
        calls = downstream.arrived(word) if answer.succeeded else downstream.calls(word)
        arrived += len(calls)
        found += [tool.name for call in calls if call.shows(credential)]
    establish(arrived, "a tool called the judge's API")
    return ", ".join(dict.fromkeys(found))
