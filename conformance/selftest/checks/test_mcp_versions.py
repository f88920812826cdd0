"""MCP-11 against servers that end a session in which a revision was asked for that is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.forge.requests import SESSION_REVISIONS
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.sessions import Sessions
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path


class EndsTheSession(Sessions):
    """Refuses a revision that it does not speak, and ends the session."""

    unknown: ClassVar[frozenset[str]] = frozenset({"1999-01-01", "latest"})

    def converse(self, message: dict[str, Any]) -> None:
        """Look at the revision first."""
        revision = self.headers.get("MCP-Protocol-Version", SESSION_REVISIONS[0])
        if revision in self.unknown:
            self.sessions.pop(self.headers.get("Mcp-Session-Id", ""), None)
            self.reply(400, {"error": "unsupported protocol version"})
        else:
            super().converse(message)


class BelievesOne(EndsTheSession):
    """Takes one that is none for its own."""

    unknown = frozenset({"1999-01-01"})


@pytest.mark.parametrize(("server", "verdict"), [(EndsTheSession, "pass"), (BelievesOne, "fail")])
def test_a_session_that_is_ended_is_no_unsupported_version_taken(
    tmp_path: Path, server: type[Sessions], verdict: str
) -> None:
    with serving(server) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=MCP-11", profile=PROFILE)
    assert found.verdicts == {"MCP-11": verdict}, found.output
