"""A record is read as written or refused by name; one that was cut short is incomplete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.model import Known, Standing, Verdict
from conformance.record import errors
from conformance.record import reading as run
from conformance.selftest.records import Line, finding, footer, header, known, mixed, whole, write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_record_is_read_as_written(tmp_path: Path) -> None:
    found = run.load(write(tmp_path, whole(mixed(), 1)))

    assert found.header.target_name == "Sample server"
    assert [one.id for one in found.findings] == [
        "AUTH-01",
        "AUTH-02",
        "AUTH-06",
        "RLS-01",
        "RLS-02",
    ]
    assert list(found.counts.values()) == [1, 1, 1, 2]
    assert list(found.areas) == ["AUTH", "RLS"]
    assert found.having(Verdict.FAIL)[0].evidence[1].kind == "exchange"
    assert found.footer is not None
    assert found.footer.exit_code == 1
    assert found.seconds == 65


def test_a_record_without_a_footer_has_no_end(tmp_path: Path) -> None:
    found = run.load(write(tmp_path, [header(), finding()]))

    assert found.footer is None
    assert found.seconds is None


def test_a_last_line_that_was_cut_leaves_the_run_incomplete(tmp_path: Path) -> None:
    path = write(tmp_path, whole([finding()]))
    path.write_bytes(path.read_bytes()[:-20])

    assert run.load(path).footer is None


def test_a_last_line_without_its_line_end_counts(tmp_path: Path) -> None:
    path = write(tmp_path, whole([finding()]))
    path.write_bytes(path.read_bytes().rstrip(b"\n"))

    assert run.load(path).footer is not None


def test_unknown_fields_are_left_to_later_versions(tmp_path: Path) -> None:
    assert run.load(write(tmp_path, whole([finding(mood="later")]))).findings


def test_a_record_from_before_there_were_remedies_has_none(tmp_path: Path) -> None:
    found = run.load(write(tmp_path, whole([_without(finding(), "remedy")])))

    assert found.findings[0].remedy == ""


def test_what_the_profile_knows_is_read(tmp_path: Path) -> None:
    lines = [
        header(revision_set="0.1"),
        finding("AUTH-01", "fail", known=known()),
        finding("AUTH-02", "fail", known=known("past its date")),
        finding("AUTH-03", "fail"),
        finding("AUTH-04", known=known("unexpected pass")),
        finding("AUTH-05", "inconclusive", known=known("undecided")),
    ]
    found = run.load(write(tmp_path, lines))

    assert found.header.revision_set == "0.1"
    assert found.findings[0].known == Known("mended in the spring", "2030-01-31", Standing.EXPECTED)
    assert [one.id for one in found.known_failures] == ["AUTH-01"]
    assert [one.id for one in found.violations] == ["AUTH-02", "AUTH-03"]
    assert [one.id for one in found.unexpected_passes] == ["AUTH-04"]


@pytest.mark.parametrize("changes", [{}, {"known": None}])
def test_a_record_from_before_known_failures_knows_of_none(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    found = run.load(write(tmp_path, [header(), finding("AUTH-01", "fail", **changes)]))

    assert found.header.revision_set is None
    assert found.findings[0].known is None
    assert found.violations == found.findings


def _without(line: Line, name: str) -> Line:
    return {key: value for key, value in line.items() if key != name}


CORRUPT: dict[str, tuple[list[Line], type[errors.RecordError]]] = {
    "no-header": ([finding()], errors.MissingHeaderError),
    "second-header": ([header(), header()], errors.MisplacedLineError),
    "after-footer": ([*whole([]), finding()], errors.MisplacedLineError),
    "second-footer": ([*whole([]), footer([])], errors.MisplacedLineError),
    "schema": ([header(schema=2)], errors.UnknownSchemaError),
    "schema-true": ([header(schema=True)], errors.WrongTypeError),
    "kind": ([header(), {"kind": "verdict"}], errors.UnknownKindError),
    "no-kind": ([header(), {}], errors.MissingFieldError),
    "no-clause": ([header(), _without(finding(), "clause")], errors.MissingFieldError),
    "remedy-number": ([header(), finding(remedy=3)], errors.WrongTypeError),
    "title-number": ([header(), finding(title=3)], errors.WrongTypeError),
    "needs-text": ([header(), finding(needs="http")], errors.WrongTypeError),
    "needs-numbers": ([header(), finding(needs=[1])], errors.WrongTypeError),
    "evidence-texts": ([header(), finding(evidence=["seen"])], errors.WrongTypeError),
    "target-text": ([header(target="url")], errors.WrongTypeError),
    "known-text": ([header(), finding(known="yes")], errors.WrongTypeError),
    "known-empty": ([header(), finding(known={})], errors.MissingFieldError),
    "standing": ([header(), finding(known=known("fine"))], errors.UnknownStandingError),
    "set-number": ([header(revision_set=1)], errors.WrongTypeError),
    "verdict": ([header(), finding(verdict="PASS", checks=[])], errors.UnknownVerdictError),
    "impact": ([header(), finding(impact="grave")], errors.UnknownImpactError),
    "basis": ([header(), finding(basis="taste")], errors.UnknownBasisError),
    "gates": ([header(), finding(gates="yes")], errors.WrongTypeError),
    "severity": ([header(), finding(severity="MAY")], errors.UnknownSeverityError),
    "id-form": ([header(), finding('A"-01')], errors.BadIdentifierError),
    "id-digits": ([header(), finding("AUTH-\u0660\u0661")], errors.BadIdentifierError),
    "id-area": ([header(), finding("AUTH-01", area="RLS")], errors.BadIdentifierError),
    "twice": ([header(), finding(), finding(verdict="fail")], errors.DuplicateFindingError),
    "counts": ([header(), finding(), footer([finding(), finding()])], errors.CountMismatchError),
    "counts-short": ([header(), finding(), footer([])], errors.CountMismatchError),
    "time": ([header(started="yesterday")], errors.BadTimeError),
    "no-offset": ([header(started="2026-01-02T03:04:05")], errors.BadTimeError),
    "year-first": ([header(started="0001-01-01T00:00:00+14:00")], errors.BadTimeError),
    "year-last": ([header(started="9999-12-31T23:59:59-14:00")], errors.BadTimeError),
    "seconds-text": ([header(), finding(seconds="1")], errors.WrongTypeError),
    "seconds-negative": ([header(), finding(seconds=-1)], errors.BadTimeError),
    "seconds-infinite": ([header(), finding(seconds=float("inf"))], errors.BadTimeError),
}


@pytest.mark.parametrize("name", CORRUPT)
def test_a_corrupt_record_is_refused_by_name(name: str, tmp_path: Path) -> None:
    lines, error = CORRUPT[name]

    with pytest.raises(errors.RecordError) as caught:
        run.load(write(tmp_path, lines))

    assert type(caught.value) is error
    assert "\n" not in str(caught.value)


BYTES: dict[str, tuple[bytes, type[errors.RecordError]]] = {
    "empty": (b"", errors.EmptyRecordError),
    "blank": (b"\n", errors.BrokenLineError),
    "not-json": (b"verdict: pass\n", errors.BrokenLineError),
    "cut-header": (b'{"kind":"hea', errors.BrokenLineError),
    "list": (b"[]\n", errors.BrokenLineError),
    "deep": (b"[" * 200_000 + b"\n", errors.BrokenLineError),
    "long-number": (b'{"kind":' + b"9" * 5000 + b"}\n", errors.BrokenLineError),
    "latin": (b'{"kind":"\xe9"}\n', errors.RecordEncodingError),
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_no_record_are_refused_by_name(name: str, tmp_path: Path) -> None:
    content, error = BYTES[name]
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)

    with pytest.raises(errors.RecordError) as caught:
        run.load(path)

    assert type(caught.value) is error


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(errors.UnreadableRecordError):
        run.load(tmp_path / "run.jsonl")
    with pytest.raises(errors.UnreadableRecordError):
        run.load(tmp_path)


def test_an_enormous_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, whole([finding()]))
    monkeypatch.setattr(run, "LARGEST_BYTES", 10)

    with pytest.raises(errors.RecordTooLargeError):
        run.load(path)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\x1b[31mred\x07", "␛[31mred␇"),
        ("a\x00b\x7f", "a␀b␡"),
        ("\u202egnp.exe", "⟨U+202E⟩gnp.exe"),
        ("\ud800", "⟨U+D800⟩"),
        ("\x9b2J\u2028", "⟨U+009B⟩2J⟨U+2028⟩"),
        ("\ufffe", "⟨U+FFFE⟩"),
        ("one\r\ntwo\tthree\rfour", "one\ntwo\tthree␍four"),
        ("naïve 漢字 😀", "naïve 漢字 😀"),
    ],
)
def test_what_cannot_be_seen_is_made_visible(written: str, shown: str, tmp_path: Path) -> None:
    found = run.load(write(tmp_path, whole([finding(clause=written)])))

    assert found.findings[0].clause == shown


def test_one_line_fields_stay_on_one_line(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"title": "one\ntwo\tthree", "rerun": "pytest\nrm -rf ~"}

    found = run.load(write(tmp_path, whole([finding(**changes)]))).findings[0]

    assert (found.title, found.rerun) == ("one␊two␉three", "pytest␊rm -rf ~")


def test_violations_come_with_the_gravest_first_and_what_crosses_tenants_before_it(
    tmp_path: Path,
) -> None:
    lines = [
        finding("AUTH-01", "fail", impact="medium"),
        finding("AUTH-02", "fail", impact="critical"),
        finding("OPS-01", "fail", impact="low", basis="hardening", gates=False),
        finding("RLS-01", "fail", impact="high"),
        finding("RLS-02", "fail", impact="critical", crosses_tenants=True),
    ]
    found = run.load(write(tmp_path, whole(lines, 1)))

    assert [one.id for one in found.violations] == ["RLS-02", "AUTH-02", "RLS-01", "AUTH-01"]
    assert [one.id for one in found.advice] == ["OPS-01"]


def test_a_record_from_before_impacts_has_the_keyword_for_one(tmp_path: Path) -> None:
    lines = [finding("AUTH-01", "fail"), finding("AUTH-02", "fail", severity="SHOULD")]
    found = run.load(write(tmp_path, whole(lines, 1)))

    assert [one.impact.value for one in found.findings] == ["high", "medium"]
    assert all(one.basis is None and one.fails_the_run for one in found.findings)
