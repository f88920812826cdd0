"""SCAN, continued: a refusal is told once, in a form that a program can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.trail.finding import request_id
from conformance.checks.scan._common import key_for_calls
from conformance.checks.scan._events import (
    denials,
    lines_of,
    of_a_row,
    require_words,
    shortcomings,
    text_of,
)
from conformance.model import Channel
from conformance.profile.events import Event
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.text.redaction import spellings

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.channels.log import LogStream
    from conformance.channels.trail.reader import AuditReader
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target


def shows(key: str | None, text: str) -> bool:
    """Tell whether a key stands in a text, in any spelling."""
    return key is not None and any(form in text for form in spellings(key))


@requirement("SCAN-04", also_needs=(Channel.AUDITOR, Channel.SCANNER_EVENT))
def test_the_trail_has_one_row_of_a_refusal(
    wire: Wire, addresses: AddressPool, target: Target, auditor: AuditReader
) -> None:
    """The row is found by the id of the refused request, which was sent but once."""
    scanner, key = supplied(target.scanner), key_for_calls(target)
    for denial in denials(wire, addresses, target):
        rows = auditor.of(Event.SCANNER_DENIED, request_id=request_id(denial.answer, target))
        what = f"a refusal for its {denial.signal}"
        assert len(rows) == 1, f"{len(rows)} rows of {what}"
        told = of_a_row(rows[0])
        require_words(told, denial, scanner)
        wrong = shortcomings(told, denial, scanner)
        assert not wrong, f"the row of {what} has {', '.join(wrong)}"
        assert not shows(key, text_of(told)), f"the row of {what} holds the key that came with it"


@requirement("SCAN-04", also_needs=(Channel.LOG,))
def test_the_log_has_one_line_of_a_refusal(
    wire: Wire, addresses: AddressPool, target: Target, log: LogStream
) -> None:
    """The line is found by a word in the path, which nobody has sent before."""
    scanner, key = supplied(target.scanner), key_for_calls(target)
    mark = log.mark()
    for denial in denials(wire, addresses, target):
        what = f"a refusal for its {denial.signal}"
        lines = lines_of(denial, log, mark, scanner)
        assert len(lines) == 1, f"{len(lines)} lines tell which check fired of {what}"
        require_words(lines[0], denial, scanner)
        wrong = shortcomings(lines[0], denial, scanner)
        assert not wrong, f"the line of {what} has {', '.join(wrong)}"
        assert not shows(key, text_of(lines[0])), f"the line of {what} holds the key"
