"""A stream that stands open has no end to wait for: it is an answer, whoever may have it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path


class Streams(Good):
    """Opens a stream for a GET with a key, and keeps it open until the client goes."""

    words: ClassVar[bytes] = b": ping\n\n"
    never: ClassVar[threading.Event] = threading.Event()

    def answer(self) -> None:
        """Open one."""
        if self.command == "GET" and self.may_listen():
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            try:
                for _ in range(120):
                    self.wfile.write(self.words)
                    self.never.wait(0.5)
            except OSError:
                pass  # the client has gone
        else:
            super().answer()

    def may_listen(self) -> bool:
        """Tell whether the caller may have a stream."""
        return self.tenant() is not None

    do_GET = answer


class StreamsToAnybody(Streams):
    """Asks nobody for a key who only listens."""

    def may_listen(self) -> bool:
        """Let everybody."""
        return True


class SilentToAnybody(StreamsToAnybody):
    """Says nothing on it for as long as there is nothing to say."""

    words = b""


@pytest.mark.parametrize(
    ("server", "verdict"),
    [(Streams, "pass"), (StreamsToAnybody, "fail"), (SilentToAnybody, "fail")],
)
def test_a_stream_is_behind_the_key_or_is_not(
    tmp_path: Path, server: type[Streams], verdict: str
) -> None:
    """Of the other requirements none is given up for want of patience."""
    with serving(server) as url:
        words = (f"--target={url}", "--requirement=AUTH-01,AUTH-08,AUTH-11,AUTH-12")
        found = judge(tmp_path, *words, profile=PROFILE)
    names = ("AUTH-01", "AUTH-08", "AUTH-12")
    assert found.verdicts == dict.fromkeys(names, "pass") | {"AUTH-11": verdict}, found.output
