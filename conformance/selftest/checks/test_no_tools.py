"""A server need have no tools: what it announces is listed instead, by every check that lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.forge.requests import LISTED, SESSION_REVISIONS
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.sessions import Sessions
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path

TOOLLESS = PROFILE.replace('[tools]\nping = "ping"\n', "")
ASKED = "MCP-07,MCP-08,MCP-09,MCP-11,MCP-15,MCP-28,RLS-15"
"""What listed tools of a server that has none."""
ENTRIES: dict[str, list[dict[str, Any]]] = {
    "resources/list": [{"uri": "file:///help.txt", "name": "help"}],
    "prompts/list": [{"name": "simple", "description": "A prompt."}],
}


class Lists(Sessions):
    """Announces one kind of things, and knows no other."""

    sessions: ClassVar[dict[str, str]] = {}
    kind: ClassVar[str] = "resources"

    def converse(self, message: dict[str, Any]) -> None:
        """Answer in a session."""
        session, method = self.headers.get("Mcp-Session-Id"), message.get("method")
        version = self.headers.get("MCP-Protocol-Version", SESSION_REVISIONS[0])
        if version not in SESSION_REVISIONS:
            self.reply(400, {"error": "unsupported protocol version"})
        elif method is None or session is None or not self.may_use(session):
            super().converse(message)
        elif "id" not in message:
            self.reply(202, {})
        else:
            self._answer(str(method), message["id"])

    def capabilities(self) -> dict[str, Any]:
        """Announce it."""
        return {self.kind: {}}

    def _answer(self, method: str, number: object) -> None:
        kind, _, _ = method.partition("/")
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": number}
        if method in LISTED and kind == self.kind:
            reply["result"] = {LISTED[method]: ENTRIES.get(method, [])}
        elif method == "ping":
            reply["result"] = {}
        else:
            reply["error"] = {"code": -32601, "message": "no such method"}
        self.reply(200, reply)


class ListsPrompts(Lists):
    """Announces prompts."""

    sessions: ClassVar[dict[str, str]] = {}
    kind = "prompts"


class SharesSessions(Lists):
    """Lets everybody use a session."""

    sessions: ClassVar[dict[str, str]] = {}

    def may_use(self, identity: str) -> bool:
        """Look whether it is there."""
        return identity in self.sessions


@pytest.mark.parametrize("server", [Lists, ListsPrompts])
def test_a_server_without_tools_is_judged_by_what_it_lists(
    tmp_path: Path, server: type[Lists]
) -> None:
    with serving(server) as url:
        words = (f"--target={url}", f"--requirement={ASKED}")
        found = judge(tmp_path, *words, profile=TOOLLESS)
    bad = {name: one for name, one in found.verdicts.items() if one in {"fail", "inconclusive"}}
    assert not bad, found.output
    passed = {name for name, one in found.verdicts.items() if one == "pass"}
    assert {"MCP-07", "MCP-08", "MCP-09", "MCP-15", "MCP-28"} <= passed, found.output


def test_what_is_wrong_with_its_sessions_is_seen(tmp_path: Path) -> None:
    with serving(SharesSessions) as url:
        words = (f"--target={url}", "--requirement=MCP-07")
        found = judge(tmp_path, *words, profile=TOOLLESS)
    assert found.verdicts["MCP-07"] == "fail", found.output
