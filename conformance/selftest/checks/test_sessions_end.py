"""A judge leaves no session behind: a server may have room for a hundred, and for nobody then."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from conformance.channels.http.connections import Connections
from conformance.channels.http.transcript import Transcript
from conformance.channels.http.wire import Wire
from conformance.forge.requests import SESSION_REVISIONS, opening
from conformance.manners.addresses import AddressPool
from conformance.manners.budget import Budget
from conformance.profile.reading import from_url
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.sessions import Sessions
from conformance.selftest.targets import KEYS, serving
from conformance.text.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    import pytest

ROOM = 12
(KEY,) = (key for key, tenant in KEYS.items() if tenant == "tenant-a")


class Cramped(Sessions):
    """Has room for few sessions, all in all."""

    sessions: ClassVar[dict[str, str]] = {}

    def converse(self, message: dict[str, Any]) -> None:
        """Refuse another session where there is no room."""
        if message.get("method") == "initialize" and len(self.sessions) >= ROOM:
            self.reply(503, {"error": "too many sessions"})
        else:
            super().converse(message)


class Lasting(Sessions):
    """Lets nobody end a session."""

    sessions: ClassVar[dict[str, str]] = {}
    asked: ClassVar[list[str]] = []

    def converse(self, message: dict[str, Any]) -> None:
        """Refuse to end one."""
        if self.command == "DELETE":
            self.asked.append(self.headers["Mcp-Session-Id"])
            self.reply(405, {"error": "method not allowed"}, {"Allow": "POST"})
        else:
            super().converse(message)


@contextmanager
def lines(url: str, **changes: Any) -> Generator[Wire]:
    """Give a line to a server that paces the key, as a check has it."""
    target = from_url(url)
    budget = Budget(AddressPool(target, 0), target.limits)
    shared = Connections(paced_keys=frozenset({KEY}), **changes)
    line = Wire(target, SESSION_REVISIONS[0], budget, Transcript(Redactor({})), shared=shared)
    yield line
    line.close()


def test_a_run_of_many_sessions_fits_into_a_server_with_room_for_few(tmp_path: Path) -> None:
    """All that it opens at one time has room; all of the run would not."""
    asked = "AUTH-01,AUTH-02,AUTH-03,AUTH-08,MCP-07,MCP-08,MCP-09"
    with serving(Cramped) as url:
        found = judge(tmp_path, f"--target={url}", f"--requirement={asked}", profile=PROFILE)
    assert set(found.verdicts.values()) == {"pass"}, found.output
    assert Cramped.sessions == {}


def test_a_server_that_ends_no_session_is_asked_once() -> None:
    with serving(Lasting) as url, lines(url) as line:
        opened = [line.send(opening(line.revision), key=KEY) for _ in range(3)]
    assert {answer.status for answer in opened} == {HTTPStatus.OK}
    assert len(Lasting.asked) == 1


def test_what_is_no_part_of_the_check_is_in_nobodys_evidence() -> None:
    with serving(Cramped) as url:
        with lines(url) as line:
            line.send(opening(line.revision), key=KEY)
        assert Cramped.sessions == {}
    assert [kind for kind in line.transcript.sent if kind.startswith("DELETE")]
    assert not any("DELETE" in str(one) for one in line.transcript.entries())


def test_a_check_that_brings_a_limit_down_leaves_its_sessions() -> None:
    with serving(Lasting) as url, lines(url, meets_limits=True) as line:
        before = len(Lasting.asked)
        line.send(opening(line.revision), key=KEY)
    assert len(Lasting.asked) == before


def is_full(budget: Budget, key: str | None) -> bool:
    """Say that there is no room without a wait."""
    del budget, key
    return False


def test_a_used_up_address_is_not_made_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Lasting) as url, lines(url) as line:
        before = len(Lasting.asked)
        line.send(opening(line.revision), key=KEY)
        monkeypatch.setattr(Budget, "has_room", is_full)
    assert len(Lasting.asked) == before
