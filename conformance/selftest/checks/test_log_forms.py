"""A log in a form of its own is judged as far as the profile tells how it is read."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.selftest.judging import Judged

FAILING = '[tools.failing]\nname = "fail"\n'
WHOLE = r"ts=(?P<time>\S+) level=(?P<level>\w+) rid=(?P<request_id>\S+) "
PARTLY = r"ts=(?P<time>\S+) level=\w+ rid=(?P<request_id>\S+) "


class Logfmt(Good):
    """Logs each request, and what a tool says that fails, as key=value, with text in quotes."""

    file: ClassVar[Path]

    def answer(self) -> None:
        """Number the request, and log it."""
        self.identity = str(uuid.uuid4())
        agent = self.headers.get("User-Agent", "")
        self.write("info", path=unquote(self.path.partition("?")[0], "latin-1"), agent=agent)
        super().answer()

    def converse(self, message: dict[str, Any]) -> None:
        """Log the tool's error."""
        params: dict[str, Any] = message.get("params") or {}
        if message.get("method") == "tools/call" and params.get("name") == "fail":
            self.write("error", message=str(params["arguments"]["message"]))
            result: dict[str, Any] = {"content": [], "isError": True}
            self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": result})
        else:
            super().converse(message)

    def write(self, level: str, **more: str) -> None:
        """Write a line."""
        told = " ".join(f"{name}={self.said(text)}" for name, text in more.items())
        with self.file.open("a", encoding="utf-8", newline="") as stream:
            stream.write(f"ts=2030-01-01T00:00:00Z level={level} rid={self.identity} {told}\n")

    def said(self, text: str) -> str:
        """Return a text as it is logged."""
        return json.dumps(text)

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Tell the request's id."""
        super().reply(status, body, {**(headers or {}), "X-Request-Id": self.identity})

    do_GET = do_POST = do_DELETE = answer


class Splits(Logfmt):
    """Logs texts as they come."""

    def said(self, text: str) -> str:
        """Change nothing."""
        return text


class Careless(Logfmt):
    """Logs the headers, too."""

    def said(self, text: str) -> str:
        """Add them."""
        return json.dumps(f"{text} {dict(self.headers)}")


class Unlevelled(Logfmt):
    """Has no level in its lines, now and then."""

    def write(self, level: str, **more: str) -> None:
        """Leave the level out of what went wrong."""
        if level == "info":
            super().write(level, **more)
        else:
            with self.file.open("a", encoding="utf-8") as stream:
                stream.write(f"ts=2030-01-01T00:00:00Z rid={self.identity} failed\n")


def judged(
    folder: Path, handler: type[Logfmt], name: str, pattern: str = "", *, prints: bool = False
) -> tuple[str, str]:
    """Return a requirement's verdict and reason, where the log is a file or a command prints it."""
    handler.file = folder / "server.log"
    handler.file.touch()
    place = f'command = ["cat", "{handler.file}"]' if prints else f'file = "{handler.file}"'
    profile = f"{PROFILE}{FAILING}[channels.log]\n{place}\n"
    profile += f"[fields.log]\npattern = '''{pattern}'''\n" if pattern else ""
    with serving(handler) as url:
        words = (f"--target={url}", f"--requirement={name}")
        return found_in(judge(folder, *words, profile=profile))


def found_in(run: Judged) -> tuple[str, str]:
    (finding,) = [line for line in run.lines if "verdict" in line]
    return str(finding["verdict"]), str(finding.get("reason"))


OPTIONAL = r"ts=(?P<time>\S+)(?: level=(?P<level>\w+))? rid=(?P<request_id>\S+) "


@pytest.mark.parametrize(
    ("handler", "pattern", "verdict", "words"),
    [
        (Logfmt, WHOLE, "pass", ""),
        (Logfmt, PARTLY, "not assessed", "[fields.log] pattern has no group for level"),
        (Logfmt, "", "inconclusive", "no JSON; declare [fields.log] pattern"),
        (Logfmt, r"(?P<time>\d+) ", "inconclusive", "[fields.log] pattern does not read it"),
        (Splits, WHOLE, "fail", "a forged line: ts=2030"),
        (Splits, "", "fail", "a forged line: ts=2030"),
        (Unlevelled, OPTIONAL, "fail", "a line without level"),
    ],
)
def test_whether_a_line_can_be_forged_shows_in_every_form(
    tmp_path: Path, handler: type[Logfmt], pattern: str, verdict: str, words: str
) -> None:
    """What it has no group for, or what no pattern reads, accuses nobody."""
    found, reason = judged(tmp_path, handler, "LOG-05", pattern)
    assert (found, words in reason) == (verdict, True), reason


@pytest.mark.parametrize(("handler", "verdict"), [(Careless, "fail"), (Logfmt, "not assessed")])
def test_a_key_in_a_log_that_a_command_prints_is_found_whatever_the_form(
    tmp_path: Path, handler: type[Logfmt], verdict: str
) -> None:
    """The admin token is not assessed, for want of one."""
    found, reason = judged(tmp_path, handler, "LOG-01", prints=True)
    assert found == verdict
    assert ("a right key" in reason) is (verdict == "fail")
