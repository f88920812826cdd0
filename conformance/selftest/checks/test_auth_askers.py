"""AUTH-21 against servers that let a caller in for a name, a version, an upgrade or patience."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from conformance.selftest.checks.test_auth_claims import HasABearer
from conformance.selftest.judging import BEARER, PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

_LONG = 126
"""From this length on, a frame tells it in two more bytes."""


class TrustsAnAgent(HasABearer):
    """Takes the balancer's probe for tenant A."""

    def tenant(self) -> str | None:
        """Return A for an agent of that name."""
        agent = self.headers.get("User-Agent") or ""
        return "tenant-a" if agent.startswith("ELB-") else super().tenant()


class TrustsOldHttp(Good):
    """Asks for a key in HTTP/1.1 alone."""

    def tenant(self) -> str | None:
        """Return A for an old client."""
        return "tenant-a" if self.request_version == "HTTP/1.0" else super().tenant()


class RefusesOldHttp(Good):
    """Does not speak HTTP/1.0."""

    def refuse(self) -> None:
        """Answer 505 to an old client, else refuse as ever."""
        if self.request_version == "HTTP/1.0":
            self.reply(505, {"error": "version"})
        else:
            super().refuse()


class TrustsUpgrades(Good):
    """Leaves whoever asks for an upgrade to a handshake that never comes."""

    def tenant(self) -> str | None:
        """Return A for whoever asks for one."""
        return "tenant-a" if self.headers.get("Upgrade") == "h2c" else super().tenant()


class GivesWay(Good):
    """Lets in whoever asks for the seventh time on one connection."""

    asked = 0

    def tenant(self) -> str | None:
        """Return A for the seventh time."""
        self.asked += 1
        return super().tenant() or ("tenant-a" if self.asked > 6 else None)


class HasSockets(Good):
    """Opens a WebSocket to everybody, and greets; ``answers`` what is said there to nobody."""

    def answer(self) -> None:
        """Shake hands where that is asked."""
        if self.command != "GET" or self.headers.get("Upgrade") != "websocket":
            super().answer()
            return
        self.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade")):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        self.say({"result": "welcome"})
        self.say(self.reply_to(json.loads(self.heard())))

    def reply_to(self, message: dict[str, Any]) -> dict[str, Any]:
        """Refuse."""
        error = {"code": -32001, "message": "sign in"}
        return {"jsonrpc": "2.0", "id": message["id"], "error": error}

    def heard(self) -> bytes:
        """Return the payload of one masked frame."""
        _, length = self.rfile.read(2)
        size = length & 0x7F
        size = int.from_bytes(self.rfile.read(2), "big") if size == _LONG else size
        mask = self.rfile.read(4)
        masked = enumerate(self.rfile.read(size))
        return bytes(byte ^ mask[place % 4] for place, byte in masked)

    def say(self, message: dict[str, Any]) -> None:
        """Send one frame, after a ping."""
        payload = json.dumps(message).encode()
        size = len(payload)
        head = bytes([size]) if size < _LONG else bytes([_LONG]) + size.to_bytes(2, "big")
        self.wfile.write(b"\x89\x00\x81" + head + payload)

    do_GET = answer


class HasOpenSockets(HasSockets):
    """Guards HTTP alone."""

    def reply_to(self, message: dict[str, Any]) -> dict[str, Any]:
        """Carry it out."""
        result: dict[str, Any] = {"content": [], "structuredContent": {"tenantId": "tenant-a"}}
        return {"jsonrpc": "2.0", "id": message["id"], "result": result}


@pytest.mark.parametrize(
    ("server", "profile", "verdict"),
    [
        pytest.param(Good, PROFILE, "pass", id="good"),
        pytest.param(HasABearer, PROFILE + BEARER, "pass", id="good, with bearer tokens"),
        pytest.param(RefusesOldHttp, PROFILE, "pass", id="no HTTP/1.0"),
        pytest.param(HasSockets, PROFILE, "pass", id="asks on the socket"),
        pytest.param(TrustsAnAgent, PROFILE + BEARER, "fail", id="an agent"),
        pytest.param(TrustsOldHttp, PROFILE, "fail", id="HTTP/1.0"),
        pytest.param(TrustsUpgrades, PROFILE, "fail", id="h2c"),
        pytest.param(HasOpenSockets, PROFILE, "fail", id="a socket"),
        pytest.param(GivesWay, PROFILE, "fail", id="the seventh time"),
    ],
)
def test_a_refusal_that_depends_on_who_asks_is_found(
    tmp_path: Path, server: type[Good], profile: str, verdict: str
) -> None:
    with serving(server) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-21", profile=profile)
    assert found.verdicts == {"AUTH-21": verdict}, found.output
