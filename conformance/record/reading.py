"""The run record, read strictly: a record is rendered as it was written, or not at all.

A record without a footer is no corrupt one: the run was cut short. It loads as incomplete.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from conformance.model import (
    Basis,
    Check,
    Evidence,
    Finding,
    Impact,
    Known,
    Severity,
    Standing,
    Verdict,
)
from conformance.record.errors import (
    BadIdentifierError,
    BrokenLineError,
    CountMismatchError,
    DuplicateFindingError,
    EmptyRecordError,
    MisplacedLineError,
    MissingHeaderError,
    RecordEncodingError,
    RecordTooLargeError,
    UnknownBasisError,
    UnknownImpactError,
    UnknownKindError,
    UnknownSchemaError,
    UnknownSeverityError,
    UnknownStandingError,
    UnknownVerdictError,
    UnreadableRecordError,
)
from conformance.record.fields import Fields
from conformance.record.run import SCHEMA, Footer, Header, Run

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_BYTES = 64 * 1024 * 1024
_BEFORE_IMPACT = {Severity.MUST: Impact.HIGH, Severity.SHOULD: Impact.MEDIUM}
"""What stood for the impact in records that do not have it yet."""
_ID = re.compile(r"([A-Z][A-Z0-9]*)-[0-9]{2}(-[a-z])?")


def load(path: Path) -> Run:
    """Read a record. Raises a RecordError, of its own class for each way it can be corrupt."""
    header: Header | None = None
    footer: Footer | None = None
    found: dict[str, Finding] = {}
    for fields in _lines(_read(path)):
        kind = fields.line("kind")
        if (header is None) != (kind == "header"):
            wrong = MissingHeaderError if header is None else MisplacedLineError
            raise fields.complain(wrong, f"a {kind} line where none can be")
        if footer is not None:
            raise fields.complain(MisplacedLineError, f"a {kind} line after the footer")
        if kind == "header":
            header = _header(fields)
        elif kind == "finding":
            _add(found, _finding(fields), fields)
        elif kind == "footer":
            footer = _footer(fields, found)
        else:
            raise fields.complain(UnknownKindError, f"unknown kind {kind!r}")
    if header is None:
        raise EmptyRecordError(f"{path} holds no run")
    return Run(header, tuple(found.values()), footer)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise RecordTooLargeError(f"{path} is larger than {LARGEST_BYTES} bytes")
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UnreadableRecordError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordEncodingError(f"{path} is not UTF-8") from error


def _lines(text: str) -> list[Fields]:
    # Only "\n" ends a line: JSON text may hold U+2028 and others that str.splitlines splits at.
    *whole, rest = text.split("\n")
    lines = [Fields.parse(line, f"line {number}") for number, line in enumerate(whole, 1)]
    if not rest:
        return lines
    try:
        lines.append(Fields.parse(rest, f"line {len(whole) + 1}"))
    except BrokenLineError:
        # A writer that was stopped in the middle of a line leaves the run incomplete, not corrupt.
        if not lines:
            raise
    return lines


def _add(found: dict[str, Finding], finding: Finding, fields: Fields) -> None:
    if finding.id in found:
        raise fields.complain(DuplicateFindingError, f"a second finding on {finding.id}")
    found[finding.id] = finding


def _header(fields: Fields) -> Header:
    schema = fields.whole("schema")
    if schema != SCHEMA:
        what = f"schema {schema}; this version reads schema {SCHEMA}"
        raise fields.complain(UnknownSchemaError, what)
    target = fields.object("target")
    return Header(
        target_name=target.line("name"),
        target_url=target.line("url"),
        profile_digest=fields.optional_line("profile_digest"),
        revisions=fields.strings("revisions"),
        started=fields.time("started"),
        tools=fields.pairs("tools"),
        command=fields.strings("command"),
        revision_set=fields.later_line("revision_set"),
        was_disguised=fields.later_truth("was_disguised", otherwise=False),
    )


def _finding(fields: Fields) -> Finding:
    severity = fields.word("severity", Severity, UnknownSeverityError)
    return Finding(
        id=_identifier(fields),
        verdict=fields.word("verdict", Verdict, UnknownVerdictError),
        title=fields.line("title"),
        clause=fields.lines("clause"),
        remedy=fields.later_lines("remedy"),
        source=fields.line("source"),
        area=fields.line("area"),
        area_title=fields.line("area_title"),
        severity=severity,
        reason=fields.lines("reason"),
        expected=fields.lines("expected"),
        seen=fields.lines("seen"),
        evidence=fields.objects("evidence", _evidence),
        seconds=fields.seconds("seconds"),
        needs=fields.strings("needs"),
        missing=fields.strings("missing"),
        references=fields.strings("references"),
        checks=fields.objects("checks", _check),
        rerun=fields.line("rerun"),
        impact=_impact(fields, severity),
        impact_reason=fields.later_lines("impact_reason"),
        basis=_basis(fields),
        crosses_tenants=fields.later_truth("crosses_tenants", otherwise=False),
        gates=fields.later_truth("gates", otherwise=True),
        known=_known(fields),
        sent=_sent(fields),
    )


def _known(fields: Fields) -> Known | None:
    known = fields.later_object("known")
    if known is None:
        return None
    standing = known.word("standing", Standing, UnknownStandingError)
    return Known(known.lines("reason"), known.line("until"), standing)


def _sent(fields: Fields) -> tuple[tuple[str, int], ...]:
    sent = fields.later_object("sent")
    return tuple((kind, sent.whole(kind)) for kind in sent.names()) if sent else ()


def _evidence(fields: Fields) -> Evidence:
    role = fields.later_line("role") or ""
    return Evidence(fields.line("kind"), fields.line("title"), fields.lines("text"), role)


def _check(fields: Fields) -> Check:
    verdict = fields.word("verdict", Verdict, UnknownVerdictError)
    return Check(fields.line("name"), verdict, fields.lines("reason"))


def _footer(fields: Fields, found: dict[str, Finding]) -> Footer:
    counts = fields.object("counts")
    counted = {name: counts.whole(name) for name in counts.names()}
    held = Counter(finding.verdict.value for finding in found.values())
    if any(counted.get(name, 0) != held[name] for name in {*counted, *held}):
        what = f"it counts {counted}, the record holds {dict(held)}"
        raise fields.complain(CountMismatchError, what)
    return Footer(fields.time("ended"), fields.whole("exit_code"))


def _identifier(fields: Fields) -> str:
    # The id becomes an anchor in the document, so it is held to its form.
    identifier = fields.line("id")
    match = _ID.fullmatch(identifier)
    if match is None or match[1] != fields.line("area"):
        raise fields.complain(BadIdentifierError, f"{identifier!r} is no id of its area")
    return identifier


def _impact(fields: Fields, severity: Severity) -> Impact:
    if fields.later_line("impact") is None:
        return _BEFORE_IMPACT[severity]
    return fields.word("impact", Impact, UnknownImpactError)


def _basis(fields: Fields) -> Basis | None:
    if fields.later_line("basis") is None:
        return None
    return fields.word("basis", Basis, UnknownBasisError)
