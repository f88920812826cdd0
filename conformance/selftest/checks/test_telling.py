"""A tool that tells of its work is one that the profile names for that, whatever else it does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.sessions import Sessions
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path

TELLING = '[[tools.telling]]\nname = "work"\narguments = { title = "{unique}" }\n'
SHARED = '[tools.change]\nname = "change"\nuri = "todos://board"\n'
LEVELS = ("info", "error")


class Tells(Sessions):
    """Has `work`, which tells of its progress and logs; no other tool tells of anything."""

    sessions: ClassVar[dict[str, str]] = {}
    levels: ClassVar[dict[str, str]] = {}

    def converse(self, message: dict[str, Any]) -> None:
        """Set a level, or work."""
        session = self.headers.get("Mcp-Session-Id")
        method, number = message.get("method"), message.get("id")
        if session is None or not self.may_use(session):
            super().converse(message)
        elif method == "logging/setLevel":
            self._set(session, number, message["params"]["level"])
        elif method == "tools/call":
            self._work(session, number, message["params"])
        else:
            super().converse(message)

    def takes_levels(self) -> bool:
        """Tell whether a level can be set."""
        return True

    def heeds(self, level: str, least: str | None) -> bool:
        """Tell whether a message of a level is sent where a least one was set, or none."""
        return least not in LEVELS or LEVELS.index(level) >= LEVELS.index(least)

    def _set(self, session: str, number: object, level: str) -> None:
        if self.takes_levels():
            self.levels[session] = level
            self.reply(200, {"jsonrpc": "2.0", "id": number, "result": {}})
        else:
            error = {"code": -32601, "message": "no such method"}
            self.reply(200, {"jsonrpc": "2.0", "id": number, "error": error})

    def _work(self, session: str, number: object, params: dict[str, Any]) -> None:
        token = cast("dict[str, Any]", params.get("_meta", {})).get("progressToken")
        told: list[dict[str, Any]] = []
        if params["name"] == "work":
            title = params["arguments"]["title"]
            if self.heeds("info", self.levels.get(session)):
                told.append(_notice("message", {"level": "info", "data": f"began {title}"}))
            if token is not None:
                told.append(_notice("progress", {"progressToken": token, "progress": 1}))
        told.append({"jsonrpc": "2.0", "id": number, "result": {"content": []}})
        events = "".join(f"event: message\ndata: {json.dumps(one)}\n\n" for one in told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(events)))
        self.end_headers()
        self.wfile.write(events)


class IgnoresLevels(Tells):
    """Says that it takes a level, and sends all the same."""

    sessions: ClassVar[dict[str, str]] = {}

    def heeds(self, level: str, least: str | None) -> bool:
        """Send it."""
        del level, least
        return True


class KnowsNoLevels(IgnoresLevels):
    """Does not offer to set one."""

    sessions: ClassVar[dict[str, str]] = {}

    def takes_levels(self) -> bool:
        """Refuse."""
        return False


def _notice(kind: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": f"notifications/{kind}", "params": params}


@pytest.mark.parametrize(
    ("server", "verdict"), [(Tells, "pass"), (IgnoresLevels, "fail"), (KnowsNoLevels, "pass")]
)
@pytest.mark.parametrize("more", ["", SHARED])
def test_what_a_named_tool_tells_is_judged(
    tmp_path: Path, server: type[Tells], verdict: str, more: str
) -> None:
    """Also where the tool that changes something changes what both tenants share."""
    with serving(server) as url:
        words = (f"--target={url}", "--requirement=MCP-26")
        found = judge(tmp_path, *words, profile=PROFILE + TELLING + more)
    assert found.verdicts["MCP-26"] == verdict, found.output
    assert verdict == "pass" or "asked for error, the caller was sent {'info'}" in found.output


def test_where_no_tool_tells_the_run_says_how_one_is_named(tmp_path: Path) -> None:
    with serving(Tells) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=MCP-26", profile=PROFILE)
    assert found.verdicts["MCP-26"] == "not assessed", found.output
    assert "add [[tools.telling]]: +1 requirement" in found.output
