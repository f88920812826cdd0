"""A server ends a session in which it was asked amiss: what comes after it is judged in another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.sessions import Sessions
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path


class EndsWhatIsAmiss(Sessions):
    """Ends the session of whoever sends what is no call of a method that it has."""

    sessions: ClassVar[dict[str, str]] = {}

    def read(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return a message as it is read here."""
        return message

    def is_amiss(self, message: dict[str, Any]) -> bool:
        """Tell whether this is neither a known call nor a notification."""
        params: Any = message.get("params")
        name = cast("dict[str, Any]", params).get("name") if isinstance(params, dict) else None
        if message.get("method") == "notifications/initialized":
            return False
        has_it = (message.get("method"), name) in {("tools/list", None), ("tools/call", "ping")}
        return not (has_it and isinstance(message.get("id"), int) and "jsonrpc" in message)

    def converse(self, message: dict[str, Any]) -> None:
        """Serve a session, or end it."""
        identity, seen = self.headers.get("Mcp-Session-Id"), self.read(message)
        is_asked = self.command == "POST" and seen.get("method") != "initialize"
        if is_asked and identity in self.sessions and self.is_amiss(seen):
            del self.sessions[identity]
            self.reply(400, {"error": "no such call"})
        else:
            super().converse(seen)


class FoldsAndEnds(EndsWhatIsAmiss):
    """Besides, reads names in whatever letters."""

    sessions: ClassVar[dict[str, str]] = {}

    def read(self, message: dict[str, Any]) -> dict[str, Any]:
        """Fold names."""
        return {name.lower(): value for name, value in message.items()}


@pytest.mark.parametrize(
    ("server", "verdict"),
    [
        (EndsWhatIsAmiss, "not assessed"),  # no tool and no trail are known, and all else was seen
        (FoldsAndEnds, "fail"),
    ],
)
def test_names_in_other_letters_are_judged_where_a_wrong_message_ends_the_session(
    tmp_path: Path, server: type[EndsWhatIsAmiss], verdict: str
) -> None:
    with serving(server) as url:
        words = (f"--target={url}", "--requirement=MCP-21")
        found = judge(tmp_path, *words, profile=PROFILE)
    assert found.verdicts == {"MCP-21": verdict}, found.output
