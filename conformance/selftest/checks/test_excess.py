"""MCP-12: who hangs up on what is long refuses it, and who falls over is found out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 1 << 20


class HangsUp(Good):
    """Reads no body of more than a mebibyte, and refuses what is no message."""

    def do_POST(self) -> None:
        """Hang up, or read and answer."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > LONGEST:
            self.close_connection = True
            self.connection.close()
            return
        if self.tenant() is None:
            self.rfile.read(length)
            self.refuse()
            return
        self.take(self.rfile.read(length))

    def take(self, body: bytes) -> None:
        """Answer a body of a known caller."""
        try:
            message: Any = json.loads(body)
        except (ValueError, RecursionError):
            self.reply(400, {"error": "no JSON"})
            return
        if isinstance(message, dict):
            self.converse(cast("dict[str, Any]", message))
        else:
            self.reply(400, {"error": "no message"})


class FallsOver(HangsUp):
    """Falls over what is deep."""

    def take(self, body: bytes) -> None:
        """Answer, or be gone."""
        if body.count(b"[") > LONGEST // 32:
            self.close_connection = True
            self.connection.close()
            return
        super().take(body)


@pytest.mark.parametrize(("server", "verdict"), [(HangsUp, "pass"), (FallsOver, "fail")])
def test_a_hang_up_refuses_what_is_long_alone(
    tmp_path: Path, server: type[Good], verdict: str
) -> None:
    with serving(server) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=MCP-12", profile=PROFILE)
    assert found.verdicts == {"MCP-12": verdict}, found.output
