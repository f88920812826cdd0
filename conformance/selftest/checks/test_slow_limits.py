"""RATE on a target so slow that a window is over before its limit is reached one by one."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, ClassVar, cast

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

LIMIT, WINDOW = 10, 3
BODY = {"error": "rate_limit_exceeded"}
LIMITED_PROFILE = f"""{PROFILE}
[answers.rate_limited]
error = "{BODY["error"]}"
[tenants.spare]
id = "tenant-b"
key = {{ env = "KEY_B" }}
[limits]
address_requests = {LIMIT}
address_window_seconds = {WINDOW}
tenant_window_seconds = {WINDOW}
"""


class Slow(Good):
    """Counts exactly, in a moving window, and takes its time to answer."""

    seconds: ClassVar[float]
    counted: ClassVar[defaultdict[str, list[float]]]
    lock: ClassVar = threading.Lock()
    most: ClassVar[int] = LIMIT

    def answer(self) -> None:
        """Count a request as it comes, and answer it later."""
        with self.lock:
            admitted = self.admit(time.monotonic())
        threading.Event().wait(self.seconds)
        if admitted:
            super().answer()
        else:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.reply(429, BODY, {"Retry-After": str(WINDOW)})

    def admit(self, now: float) -> bool:
        """Tell whether the address has a request left."""
        counted = self.counted[self.client_address[0]]
        counted[:] = [moment for moment in counted if moment > now - WINDOW]
        if len(counted) >= self.most:
            return False
        counted.append(now)
        return True

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer


class OneTooMany(Slow):
    """The same, with a limit that is off by one."""

    most: ClassVar[int] = LIMIT + 1


class OneBucket(Slow):
    """The same, with one count for all addresses, as where all are read from one wrong place."""

    def admit(self, now: float) -> bool:
        """Tell whether anybody has a request left."""
        self.client_address = ("::ffff:0.0.0.0", 0)
        return super().admit(now)


@pytest.mark.parametrize(
    ("kind", "seconds", "verdict"),
    [
        (Slow, 0.3, "pass"),  # eleven in turn take longer than the window, sixteen at once do not
        (OneTooMany, 0.3, "fail"),
        (Slow, 1.7, "inconclusive"),  # even at once they take longer
    ],
)
def test_requests_that_do_not_fit_into_a_window_accuse_nobody(
    kind: type[Slow], seconds: float, verdict: str, tmp_path: Path
) -> None:
    kind.seconds, kind.counted = seconds, defaultdict(list)
    with serving(kind) as url:
        judged = judge(
            tmp_path,
            f"--target={url}",
            "--requirement=RATE-01,RATE-06",
            f"--patience={2 * WINDOW}",
            profile=LIMITED_PROFILE,
        )
    assert judged.verdicts == {"RATE-01": verdict, "RATE-06": verdict}, judged.output


@pytest.mark.parametrize(("kind", "verdict"), [(Slow, "not assessed"), (OneBucket, "fail")])
def test_the_half_of_the_addresses_needs_no_limit_of_tenants(
    kind: type[Slow], verdict: str, tmp_path: Path
) -> None:
    kind.seconds, kind.counted = 0.0, defaultdict(list)
    with serving(kind) as url:
        words = (f"--target={url}", "--requirement=RATE-08", f"--patience={2 * WINDOW}")
        judged = judge(tmp_path, *words, profile=LIMITED_PROFILE)
    assert judged.verdicts == {"RATE-08": verdict}, judged.output
    (line,) = (one for one in judged.lines if one.get("id") == "RATE-08")
    told = {one["verdict"] for one in cast("list[dict[str, str]]", line["checks"])}
    assert told == {"not assessed", "pass" if kind is Slow else "fail"}
