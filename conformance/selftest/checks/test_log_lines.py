"""A key that stands in a log is found whether or not the target numbers its requests."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import parse_qsl

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import KEYS, Good, serving

if TYPE_CHECKING:
    from pathlib import Path


class Writes(Good):
    """Logs each request by its path, and gives it no id."""

    file: ClassVar[Path]

    def line(self) -> dict[str, str]:
        """Return what is logged of a request."""
        return {"path": self.path.partition("?")[0]}

    def answer(self) -> None:
        """Write a line, then answer."""
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"level": "info", **self.line()}) + "\n")
        super().answer()

    do_GET = do_POST = do_DELETE = answer


class WritesHeaders(Writes):
    """Logs the headers, too."""

    def line(self) -> dict[str, str]:
        """Return path and headers."""
        return {**super().line(), "headers": str(self.headers)}


class WritesUrls(Writes):
    """Logs the URL with its query."""

    def line(self) -> dict[str, str]:
        """Return all of it."""
        return {"url": self.path}


class TakesFromUrls(WritesUrls):
    """Takes a key from the query as well, and so logs where callers are told to put theirs."""

    def tenant(self) -> str | None:
        """Look into the query where there is no header."""
        told = dict(parse_qsl(self.path.partition("?")[2]))
        return super().tenant() or KEYS.get(told.get("api_key", ""))


class TakesFromUrlsAndWritesPaths(TakesFromUrls):
    """Takes keys from the query, and logs the path alone."""

    line = Writes.line


class WritesLittle(Writes):
    """Logs that there was a request, and not which."""

    def line(self) -> dict[str, str]:
        """Return nothing of it."""
        return {"message": "request"}


class WritesRefusals(Writes):
    """Gives each request an id, and logs those that it refuses by it, and no other."""

    number: str

    def answer(self) -> None:
        """Number the request, and write of it if nobody is known."""
        self.number = secrets.token_hex(8)
        if self.tenant() is None:
            super().answer()
        else:
            Good.answer(self)

    def line(self) -> dict[str, str]:
        """Return the id."""
        return {"request": self.number}

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Tell the id."""
        super().reply(status, body, {**(headers or {}), "X-Request-Id": self.number})

    do_GET = do_POST = do_DELETE = answer


@pytest.mark.parametrize(
    ("handler", "requirement", "verdict"),
    [
        (WritesHeaders, "LOG-01", "fail"),
        (WritesHeaders, "LOG-04", "fail"),
        (WritesUrls, "LOG-04", "fail"),
        (WritesUrls, "LOG-01", "not assessed"),
        (Writes, "LOG-01", "not assessed"),
        (Writes, "LOG-04", "not assessed"),
        (WritesRefusals, "LOG-01", "not assessed"),
        (WritesLittle, "LOG-01", "inconclusive"),
        (WritesLittle, "LOG-04", "inconclusive"),
    ],
)
def test_without_request_ids_a_log_is_read_by_our_own_signs(
    tmp_path: Path, handler: type[Writes], requirement: str, verdict: str
) -> None:
    """Each requirement has a check more that needs a channel which is not there."""
    handler.file = tmp_path / "server.log"
    handler.file.touch()
    profile = f'{PROFILE}[channels.log]\nfile = "{handler.file}"\n'
    with serving(handler) as url:
        words = (f"--target={url}", f"--requirement={requirement}")
        found = judge(tmp_path, *words, profile=profile)
    assert found.verdicts == {requirement: verdict}
    (finding,) = [line for line in found.lines if line.get("id") == requirement]
    checks = cast("list[dict[str, str]]", finding["checks"])
    expected = "pass" if verdict == "not assessed" else verdict
    assert expected in {check["verdict"] for check in checks}


@pytest.mark.parametrize(
    ("handler", "impact", "basis"),
    [(WritesUrls, "low", "hardening"), (TakesFromUrls, "high", "standard")],
)
def test_a_logged_query_weighs_what_the_target_makes_of_it(
    tmp_path: Path, handler: type[Writes], impact: str, basis: str
) -> None:
    """A key in a query is a caller's mistake, but where the target takes keys from it."""
    finding = judged_by_log_04(tmp_path, handler)
    found = (finding["verdict"], finding["impact"], finding["basis"], finding["gates"])
    assert found == ("fail", impact, basis, impact == "high")


def test_a_target_that_takes_keys_from_a_query_and_logs_none_is_not_accused(tmp_path: Path) -> None:
    finding = judged_by_log_04(tmp_path, TakesFromUrlsAndWritesPaths)
    checks = cast("list[dict[str, str]]", finding["checks"])
    assert {check["verdict"] for check in checks} == {"pass", "not assessed"}


def judged_by_log_04(folder: Path, handler: type[Writes]) -> dict[str, object]:
    """Return the finding of LOG-04 on a target whose log the profile names."""
    handler.file = folder / "server.log"
    handler.file.touch()
    profile = f'{PROFILE}[channels.log]\nfile = "{handler.file}"\n'
    with serving(handler) as url:
        found = judge(folder, f"--target={url}", "--requirement=LOG-04", profile=profile)
    (finding,) = [line for line in found.lines if line.get("id") == "LOG-04"]
    return finding
