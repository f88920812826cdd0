"""As whom a server works is told by sessions that move when something is asked, and only then."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from conformance.channels.sql import activity
from conformance.channels.sql.activity import Activity
from conformance.verdicts import NotAssessedError

if TYPE_CHECKING:
    from conformance.channels.sql.activity import Sessions


class Staged(Activity):
    """Sessions of a server, of one who is always at work, and of one who never is."""

    def __init__(self) -> None:
        super().__init__(())
        self.looks, self.asked = itertools.count(), 0

    def ask(self) -> None:
        """Have the server do something."""
        self.asked += 1

    def _sessions(self) -> Sessions:
        return {
            1: ("server", str(self.asked)),
            2: ("poller", str(next(self.looks))),
            3: ("idler", ""),
        }


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "REST_SECONDS", 0.05)
    monkeypatch.setattr(activity, "_PAUSE", 0.001)


def test_who_moves_with_each_request_alone_is_the_servers() -> None:
    staged = Staged()
    assert staged.roles_during(staged.ask) == ["server"]


def test_where_nobody_moves_with_the_requests_nothing_is_assessed() -> None:
    with pytest.raises(NotAssessedError, match=r"\[channels.pool\]"):
        Staged().roles_during(lambda: None)
