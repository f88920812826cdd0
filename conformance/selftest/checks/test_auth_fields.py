"""AUTH-04 against servers that read no long fields: some refuse them, some break, some hang."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, cast

import pytest

from conformance.channels.http.answer import Answer, Transport
from conformance.checks.auth.keys import knocked_long
from conformance.forge.keys import malformed_keys
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.channels.http.wire import Wire
    from conformance.selftest.judging import Judged

USUAL = 8190
"""The most bytes of a field that Apache and gunicorn read, if not told otherwise."""
DIGITS = "4711081504711081504711"


class ReadsShortFields(Good):
    """Refuses a long field as bad HTTP, before it asks whose key it is."""

    told: ClassVar[int] = 400
    most: ClassVar[int] = USUAL

    def answer(self) -> None:
        """Serve a request with short fields."""
        if any(len(f"{name}: {value}") > self.most for name, value in self.headers.items()):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.refuse_field()
        else:
            super().answer()

    def refuse_field(self) -> None:
        """Send the refusal of a long field."""
        self.reply(self.told, {"error": "request header field too large"})

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer


class TakesDigits(Good):
    """Knows a key that has no letters."""

    def tenant(self) -> str | None:
        """Return tenant A for that key."""
        presented = self.headers.get_all("X-Api-Key") or []
        return "tenant-a" if presented == [DIGITS] else super().tenant()


class ClosesOnLongFields(ReadsShortFields):
    """Closes the connection, without a word, on a long field."""

    def refuse_field(self) -> None:
        """Say nothing."""
        self.close_connection = True


class HangsOnHugeFields(Good):
    """Says nothing on a field of 64 KiB, for as long as the caller waits."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Wait for the caller to go, where the library would refuse the field."""
        if code == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            self.rfile.read()
        else:
            super().send_error(code, message, explain)


class HangsOnLongFields(ReadsShortFields):
    """Says nothing on a field of 8 KiB, for as long as the caller waits."""

    def refuse_field(self) -> None:
        """Wait for the caller to go."""
        self.rfile.read()
        self.close_connection = True


def judged(tmp_path: Path, handler: type[Good], profile: str = PROFILE) -> Judged:
    """Judge a server by AUTH-04 alone."""
    with serving(handler) as url:
        return judge(tmp_path, f"--target={url}", "--requirement=AUTH-04", profile=profile)


@pytest.mark.parametrize("status", [400, 413, 431])
def test_a_field_of_8_kib_may_be_refused_as_bad_http(tmp_path: Path, status: int) -> None:
    class Refuses(ReadsShortFields):
        told = status

    assert judged(tmp_path, Refuses).verdicts == {"AUTH-04": "pass"}


def test_the_answer_to_a_field_of_8_kib_may_be_lost(tmp_path: Path) -> None:
    assert judged(tmp_path, ClosesOnLongFields).verdicts == {"AUTH-04": "pass"}


def test_a_field_of_8_kib_may_not_break_the_server(tmp_path: Path) -> None:
    class Breaks(ReadsShortFields):
        told = 500

    assert judged(tmp_path, Breaks).verdicts == {"AUTH-04": "fail"}


def test_a_key_of_twice_the_length_may_not_be_told_apart(tmp_path: Path) -> None:
    class Tells(ReadsShortFields):
        most = 60

    assert judged(tmp_path, Tells).verdicts == {"AUTH-04": "fail"}


@pytest.mark.parametrize("handler", [HangsOnHugeFields, HangsOnLongFields])
def test_a_long_field_may_not_leave_the_caller_hanging(tmp_path: Path, handler: type[Good]) -> None:
    found = judged(tmp_path, handler)
    assert found.verdicts == {"AUTH-04": "fail"}
    assert "left hanging" in found.output


class _Unreachable:
    """A line to a target that has gone."""

    def derived(self, **_: object) -> _Unreachable:
        return self

    def knock(self, key: str) -> Answer:
        del key
        return Answer(Transport.REFUSED)


def test_what_never_reached_the_target_is_neither_a_refusal_nor_a_fault() -> None:
    with pytest.raises(NotEstablishedError, match="can be reached"):
        knocked_long(cast("Wire", _Unreachable()), "A" * 65536)


def test_a_key_without_letters_has_no_other_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_OF_DIGITS", DIGITS)
    profile = PROFILE.replace('"KEY_A"', '"KEY_OF_DIGITS"')
    assert judged(tmp_path, TakesDigits, profile).verdicts == {"AUTH-04": "pass"}


@pytest.mark.parametrize("real", [DIGITS, "7", "é1", "ÿþ", "%", "!!!!!", "A" * 8192, '"a"'])
def test_what_is_malformed_is_never_the_key_itself_nor_blank(real: str) -> None:
    found = malformed_keys(real)
    assert real not in found.values()
    assert all(value.strip() for value in found.values())
