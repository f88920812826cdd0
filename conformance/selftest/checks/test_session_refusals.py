"""A session's id without a right key opens nothing, in whatever words the key is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.sessions import Sessions
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path


class FailsOverUnknownKeys(Sessions):
    """Cannot say of an unknown key that it is one: its verifier throws, with a session or without.

    So does the example of the TypeScript SDK, version 1, whose keys are introspected elsewhere.
    """

    sessions: ClassVar[dict[str, str]] = {}

    def refuse(self) -> None:
        """Refuse a missing key, and fail over another."""
        if self.headers.get("X-Api-Key") is None:
            super().refuse()
        else:
            self.reply(500, {"error": "server_error"})


class FailsInSessions(Sessions):
    """Looks a session up before the key, and fails over what it then misses."""

    sessions: ClassVar[dict[str, str]] = {}

    def refuse(self) -> None:
        """Refuse whoever names no session."""
        if self.headers.get("Mcp-Session-Id") is None:
            super().refuse()
        else:
            self.reply(500, {"error": "server_error"})


class AsksNobodyInSessions(Sessions):
    """Takes a session's id for a key."""

    sessions: ClassVar[dict[str, str]] = {}

    def tenant(self) -> str | None:
        """Return whose key it is, or whose session."""
        return super().tenant() or self.sessions.get(self.headers.get("Mcp-Session-Id") or "")


@pytest.mark.parametrize(
    ("server", "verdict"),
    [
        (Sessions, "pass"),
        (FailsOverUnknownKeys, "pass"),
        (FailsInSessions, "fail"),
        (AsksNobodyInSessions, "fail"),
    ],
)
def test_who_is_refused_anywhere_is_let_into_no_session(
    tmp_path: Path, server: type[Sessions], verdict: str
) -> None:
    """That a wrong key is refused by failing is what AUTH-03 accuses, and no session's fault."""
    with serving(server) as url:
        words = (f"--target={url}", "--requirement=AUTH-03,MCP-08")
        found = judge(tmp_path, *words, profile=PROFILE)
    assert found.verdicts["MCP-08"] == verdict, found.output
    if server is FailsOverUnknownKeys:
        assert found.verdicts["AUTH-03"] == "fail", found.output
