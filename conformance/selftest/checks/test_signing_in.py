"""RATE-03 where people sign in with a POST, in windows that keep to the clock."""

from __future__ import annotations

import json
import math
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

LIMIT, WINDOW = 5, 900
ROUTE = 'auth = { method = "POST", path = "/login", body = { user = "nobody" } }'


class SignsIn(Good):
    """Lets nobody in, and counts attempts by windows that begin at multiples of their length."""

    phase: ClassVar[float] = 0.4 * WINDOW
    window: ClassVar[float] = WINDOW
    offset: ClassVar[Path]
    lock: ClassVar[threading.Lock]  # bounded: held to count
    asked: ClassVar[dict[tuple[str, int], int]]

    def answer(self) -> None:
        """Answer an attempt, or what is none."""
        if self.path != "/login":
            super().answer()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command != "POST":
            self.reply(
                HTTPStatus.METHOD_NOT_ALLOWED, {"error": "no such method"}, {"Allow": "POST"}
            )
        elif self.is_admitted():
            known = json.loads(body) == {"user": "nobody"}
            self.reply(
                HTTPStatus.UNAUTHORIZED if known else HTTPStatus.BAD_REQUEST, {"error": "no"}
            )
        else:
            self.reply(HTTPStatus.TOO_MANY_REQUESTS, {"error": "slow down"})

    @classmethod
    def now(cls) -> float:
        """Return the seconds that the judge has let pass."""
        return float(cls.offset.read_text()) if cls.offset.exists() else 0.0

    def is_admitted(self) -> bool:
        """Count one attempt of an address."""
        with self.lock:
            number = math.floor((self.now() + self.phase) / self.window)
            subject = self.client_address[0], number
            self.asked[subject] = self.asked.get(subject, 0) + 1
            return self.asked[subject] <= LIMIT

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer


class ShortWindows(SignsIn):
    """Lets an address try again after a third of what it declares."""

    window = WINDOW / 3


def judged(kind: type[SignsIn], folder: Path, route: str) -> Any:
    """Judge RATE-03 on a server of a kind whose sign-in is declared as ``route``."""
    kind.lock, kind.asked, kind.offset = threading.Lock(), {}, folder / "clock"
    profile = PROFILE.replace("[answers]", '[answers]\nrate_limited = { error = "slow down" }')
    profile += f"""
[routes]
{route}
[limits]
auth_requests = {LIMIT}
auth_window_seconds = {WINDOW}
[channels.clock]
file = "{kind.offset}"
"""
    with serving(kind) as url:
        return judge(folder, f"--target={url}", "--requirement=RATE-03", profile=profile)


@pytest.mark.parametrize(("kind", "verdict"), [(SignsIn, "pass"), (ShortWindows, "fail")])
def test_windows_of_sign_in_may_begin_when_they_do(
    kind: type[SignsIn], verdict: str, tmp_path: Path
) -> None:
    run = judged(kind, tmp_path, ROUTE)
    assert run.verdicts == {"RATE-03": verdict}, run.output


def test_a_route_that_has_another_method_is_not_judged_by_refusals_of_the_method(
    tmp_path: Path,
) -> None:
    run = judged(SignsIn, tmp_path, 'auth = "/login"')
    assert run.verdicts == {"RATE-03": "inconclusive"}, run.output
    assert "[routes] auth takes a table" in run.output
