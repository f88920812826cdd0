"""What is no MCP endpoint is told in a sentence, and nobody is accused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.selftest import strangers
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, OpenToAll, serving

if TYPE_CHECKING:
    from pathlib import Path

USAGE = 4

KINDS: dict[type[strangers.Stranger], str] = {
    strangers.NotFound: "with 404 and a web page; try another path",
    strangers.SinglePage: "with 200 and a web page; try another path",
    strangers.RestNotFound: "with 404 and JSON that is no answer of MCP",
    strangers.RestNoSuchMethod: "with 405 and JSON that is no answer of MCP",
    strangers.Elsewhere: '(301) to Location "https://www.example.com/new"; give that URL',
    strangers.Slash: '/mcp/", which differs in the last slash alone',
    strangers.SignIn: '(302) to Location "https://sso.example.com/login"; that looks like a page',
    strangers.OtherRpc: "a JSON-RPC server answered that knows neither server/discover nor",
    strangers.Echo: "sent back what it was sent",
    strangers.PlainText: "with 200 and text that is no JSON",
    strangers.Upgrade: 'it answered 426 and wants another protocol than HTTP/1.1 ("h2c")',
    strangers.NewerHttp: 'it answered 400 and wants another protocol than HTTP/1.1 ("HTTP/2")',
    strangers.OldTransport: "it speaks the old HTTP+SSE transport of revision 2024-11-05",
}


@pytest.mark.parametrize("profile", [None, PROFILE], ids=["a URL alone", "a profile"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_is_no_mcp_endpoint_is_told_in_one_sentence(
    tmp_path: Path, kind: type[strangers.Stranger], profile: str | None
) -> None:
    with serving(kind) as url:
        found = judge(tmp_path, f"--target={url}", profile=profile)
    assert found.code == USAGE
    (told,) = found.output.strip().splitlines()
    assert "is no MCP endpoint that can be judged: " in told
    assert KINDS[kind] in told
    assert "token=" not in told
    assert not found.lines


class Guarded(Good):
    """Refuses whoever has no key, and does not say how to present one."""

    def refuse(self) -> None:
        """Refuse without a challenge."""
        self.reply(401, {"detail": "no"})


class SessionOnly(Good):
    """Has no conversation without a session, and says so in JSON-RPC, to whoever comes."""

    def answer(self) -> None:
        """Ask for a session."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        error = {"code": -32600, "message": "Bad Request: Missing session ID"}
        self.reply(400, {"jsonrpc": "2.0", "id": None, "error": error})

    do_GET = do_POST = do_DELETE = answer


class OutOfOrder(Guarded):
    """Fails whoever comes."""

    def refuse(self) -> None:
        """Fail."""
        self.reply(500, {"error": "out of order"})


@pytest.mark.parametrize("handler", [Guarded, SessionOnly, OutOfOrder, OpenToAll])
def test_what_may_be_an_mcp_endpoint_is_judged(tmp_path: Path, handler: type[Good]) -> None:
    with serving(handler) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-01")
    assert set(found.verdicts) == {"AUTH-01"}
    assert found.code != USAGE
