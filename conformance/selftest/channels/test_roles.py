"""Evidence tells the good case of a check from what it tried, and opens what decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.transcript import Transcript
from conformance.forge.requests import Request
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import TellsUnknownKeys, serving
from conformance.text.redaction import Redactor
from conformance.verdicts import NotEstablishedError, establish, telling

if TYPE_CHECKING:
    from pathlib import Path


def exchanged(kept: Transcript, *, good: bool) -> None:
    """Have a transcript remember a request, with a right credential or without."""
    answer = Answer(status=200, transport=Transport.ANSWERED)
    kept.exchange(Request(), "http://127.0.0.1/", [], answer, may_be_control=good)


def roles(kept: Transcript, *, is_violation: bool) -> list[str]:
    """Return the roles of what a transcript kept."""
    return [entry["role"] for entry in kept.entries(is_violation=is_violation) if "role" in entry]


def test_what_establishes_the_good_case_is_a_control_and_the_rest_are_attempts() -> None:
    kept = Transcript(Redactor({}))
    with telling(kept.established):
        exchanged(kept, good=True)
        exchanged(kept, good=False)
        establish(condition=True, what="it works")
        exchanged(kept, good=True)
        with pytest.raises(NotEstablishedError):
            establish(condition=False, what="it works again")
        exchanged(kept, good=False)
    assert roles(kept, is_violation=False) == ["control", "attempt", "attempt", "attempt"]
    assert roles(kept, is_violation=True) == ["control", "attempt", "attempt", "decisive attempt"]


def test_outside_a_check_nobody_is_told() -> None:
    establish(condition=True, what="it works")


def test_a_record_and_its_report_tell_what_decided(tmp_path: Path) -> None:
    with serving(TellsUnknownKeys) as url:
        words = (f"--target={url}", "--requirement=AUTH-03")
        found = judge(tmp_path, *words, profile=PROFILE, is_rendered=True)
    line: Any = next(line for line in found.lines if line.get("id") == "AUTH-03")
    told = [one["role"] for one in line["evidence"] if one["kind"] == "exchange"]
    assert told.count("decisive attempt") == 1
    page = (found.folder / "report.html").read_text("utf-8")
    (opened,) = [part for part in page.split('<details class="evidence"') if part[:5] == " open"]
    assert "(decisive attempt)</summary>" in opened
