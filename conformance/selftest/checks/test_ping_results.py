"""MCP-02 on servers whose tool tells less of the caller than the clause names."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

TELLS_NO_ID = "[fields.results]\nrequest_id = false\n"
HEADER = '[headers]\nrequest_id = "X-Request-Id"\n'
TELLS_AN_ID = f'{HEADER}[fields.results]\nrequest_id = "requestId"\n'


class Tells(Good):
    """Tells who calls, and that all is well."""

    def told(self) -> dict[str, Any]:
        """Return what the tool tells."""
        return {"ok": True, "tenantId": self.tenant()}

    def converse(self, message: dict[str, Any]) -> None:
        """Call the tool."""
        if message.get("method") != "tools/call":
            super().converse(message)
            return
        result: dict[str, Any] = {"content": [], "structuredContent": self.told()}
        self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": result})


class Remembers(Tells):
    """Tells everybody who called first."""

    first: ClassVar[list[str | None]] = []

    def told(self) -> dict[str, Any]:
        """Return the first caller's tenant."""
        self.first.append(self.tenant())
        return {"ok": True, "tenantId": self.first[0]}


class TellsAnotherId(Tells):
    """Makes up a request's id for its caller, and another for the header."""

    def told(self) -> dict[str, Any]:
        """Return an id that nothing else has."""
        return {**super().told(), "requestId": secrets.token_hex(8)}

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Send another one."""
        super().reply(status, body, {**(headers or {}), "X-Request-Id": secrets.token_hex(8)})


@pytest.mark.parametrize(
    ("kind", "names", "verdict"),
    [
        (Tells, TELLS_NO_ID, "pass"),
        (Remembers, TELLS_NO_ID, "fail"),
        (Tells, HEADER, "not assessed"),  # nobody has said that it tells one
        (Tells, TELLS_AN_ID, "fail"),  # the profile has
        (TellsAnotherId, HEADER, "fail"),
    ],
)
def test_what_is_not_told_is_judged_by_what_the_profile_says(
    kind: type[Tells], names: str, verdict: str, tmp_path: Path
) -> None:
    with serving(kind) as url:
        words = (f"--target={url}", "--requirement=MCP-02")
        judged = judge(tmp_path, *words, profile=PROFILE + names)
    assert judged.verdicts == {"MCP-02": verdict}, judged.output
