"""An edge in front of a server that is in order accuses nobody, whatever it answers by itself."""

from __future__ import annotations

import threading
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNDECLARED = PROFILE.replace('[answers]\nunauthorized = { error = "unauthorized" }\n', "")
ODD = ("'", '"', "<", "%", "\\")


class Filtered(Good):
    """Stands behind a filter, which takes two keys for a mistake and odd ones for an attack."""

    def refuse(self) -> None:
        """Let the filter speak before the server does."""
        presented = self.headers.get_all("X-Api-Key") or []
        if len(presented) > 1 or "," in "".join(presented):
            self.reply(400, {"message": "bad request"})
        elif any(letter in "".join(presented) for letter in ODD):
            self.reply(403, {"message": "blocked"})
        else:
            super().refuse()


@pytest.mark.parametrize("requirement", ["AUTH-04", "AUTH-09"])
@pytest.mark.parametrize(
    ("profile", "verdict"), [(UNDECLARED, "pass"), (PROFILE, "fail")], ids=["open", "declared"]
)
def test_a_filter_may_refuse_in_its_own_words_unless_the_profile_has_others(
    tmp_path: Path, requirement: str, profile: str, verdict: str
) -> None:
    with serving(Filtered) as url:
        words = (f"--target={url}", f"--requirement={requirement}")
        found = judge(tmp_path, *words, profile=profile)
    assert found.verdicts == {requirement: verdict}


class NowAndThen(Good):
    """Stands behind an edge that loses the server for one request in seven."""

    status: ClassVar[int] = 502
    turns: ClassVar[Iterator[int]] = count(1)
    lock: ClassVar[threading.Lock] = threading.Lock()  # bounded: held to count

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Answer, or let the edge speak."""
        with self.lock:
            is_lost = next(self.turns) % 7 == 0
        if is_lost:
            super().reply(self.status, {"message": "the edge"})
        else:
            super().reply(status, body, headers)


class TimesOut(NowAndThen):
    """Does so with the other status."""

    status = 504


@pytest.mark.parametrize("handler", [NowAndThen, TimesOut])
def test_an_edge_that_loses_the_server_now_and_then_accuses_nobody(
    tmp_path: Path, handler: type[NowAndThen]
) -> None:
    handler.turns = count(1)
    with serving(handler) as url:
        found = judge(tmp_path, f"--target={url}", "--area=AUTH,OPS", profile=PROFILE)
    assert "fail" not in found.verdicts.values(), found.output
    assert "inconclusive" in found.verdicts.values()
