"""Code scanning is told what failed, and never takes silence for repair."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from conformance.record.reading import load
from conformance.selftest.records import Line, finding, footer, header, mixed, whole, write
from reports import sarif
from reports.render import render
from reports.scope import scope
from reports.tests.code_scanning import CodeScanning
from reports.tests.schemas import sarif_errors
from reports.tests.test_answer import RUNS
from reports.tests.test_html import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

IDS = ("AUTH-01", "AUTH-02")
CHECKS: tuple[str, ...] = ("test_one", "test_two")
VERDICTS: tuple[str, ...] = ("pass", "fail", "inconclusive", "not assessed")
State = tuple[str, tuple[str, ...]]


def _sarif(folder: Path, lines: list[Line]) -> str | None:
    return sarif.render(load(write(folder, lines)))


def _document(folder: Path, lines: list[Line]) -> dict[str, Any]:
    text = _sarif(folder, lines)
    assert text is not None
    assert sarif_errors(text) == []
    return json.loads(text)


def _results(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [result for run in document["runs"] for result in run["results"]]


def _categories(document: dict[str, Any]) -> list[str]:
    return [run["automationDetails"]["id"].rpartition("/")[0] for run in document["runs"]]


def test_a_violation_is_a_result_with_its_rule_and_nothing_else_is(tmp_path: Path) -> None:
    document = _document(tmp_path, whole(mixed(), 1))

    assert [one["ruleId"] for one in _results(document)] == ["AUTH-02"]
    run = document["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["AUTH-01", "AUTH-02"]
    assert rules[run["results"][0]["ruleIndex"]]["id"] == "AUTH-02"
    assert rules[1]["fullDescription"]["text"] == "Clause of AUTH-02."
    assert "external/cwe/cwe-306" in rules[1]["properties"]["tags"]
    assert run["invocations"][0] == {
        "executionSuccessful": True,
        "startTimeUtc": "2026-01-02T03:04:05.000Z",
        "endTimeUtc": "2026-01-02T03:05:10.000Z",
        "exitCode": 1,
    }


def test_the_level_is_the_keyword_of_the_clause_and_the_score_the_impact(tmp_path: Path) -> None:
    found = [
        finding("AUTH-01", "fail", impact="low"),
        finding("AUTH-02", "fail", severity="SHOULD", impact="critical"),
        finding("AUTH-03", "fail", impact="medium"),
        finding("AUTH-04", "fail", impact="low", basis="hardening", gates=False),
    ]
    document = _document(tmp_path, whole(found, 1))

    results = _results(document)
    assert [one["ruleId"] for one in results] == ["AUTH-02", "AUTH-03", "AUTH-01", "AUTH-04"]
    assert [one["level"] for one in results] == ["warning", "error", "error", "note"]
    assert [one["ruleIndex"] for one in results] == [1, 2, 0, 3]
    rules = document["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["properties"]["security-severity"] for rule in rules] == [
        "2.0",
        "9.5",
        "5.0",
        "2.0",
    ]


def test_a_remedy_is_in_the_help(tmp_path: Path) -> None:
    lines = whole([finding(verdict="fail", remedy="Check the [key](x) first.")], 1)

    help_ = _document(tmp_path, lines)["runs"][0]["tool"]["driver"]["rules"][0]["help"]

    assert "Remedy: Check the [key](x) first." in help_["text"]
    assert "Remedy\\: Check the \\[key\\]\\(x\\) first\\." in help_["markdown"]


@pytest.mark.parametrize("name", RUNS)
def test_every_kind_of_run_yields_a_valid_document_or_none(name: str, tmp_path: Path) -> None:
    text = _sarif(tmp_path, RUNS[name][0])

    assert text is None or sarif_errors(text) == []


@pytest.mark.parametrize(
    "lines",
    [
        [header(), finding(), finding("AUTH-02", "fail")],
        whole([finding(), finding("AUTH-02", "fail")], 2),
        whole([finding(verdict="inconclusive"), finding("AUTH-02", "not assessed")], 6),
        whole([finding(verdict="not assessed")]),
        whole([]),
    ],
    ids=["cut short", "interrupted", "undecided", "unseen", "empty"],
)
def test_nothing_is_said_of_what_was_not_seen(lines: list[Line], tmp_path: Path) -> None:
    (tmp_path / "results.sarif").write_text("an earlier run's", encoding="utf-8")

    rendered = render(write(tmp_path, lines))

    assert "results.sarif" not in rendered.paths
    assert not (tmp_path / "results.sarif").exists()
    assert rendered.notes[0].startswith("results.sarif is not written: ")
    assert "not written" in (tmp_path / "summary.md").read_text("utf-8")


def test_an_area_of_which_nothing_was_decided_is_left_out_and_named(tmp_path: Path) -> None:
    run = load(write(tmp_path, whole([*mixed(), finding("OPS-01", "not assessed")], 1)))

    assert [one.area for one in scope(run).told] == ["AUTH"]
    assert scope(run).sentences[0] == (
        "results.sarif leaves something out: RLS, OPS (nothing of it was decided)."
    )


def test_what_is_undecided_is_a_note_that_accuses_nobody(tmp_path: Path) -> None:
    lines = whole([finding("AUTH-01", "fail"), finding("AUTH-02", "inconclusive")], 1)

    document = _document(tmp_path, lines)

    violation, note = _results(document)
    assert (violation["level"], note["level"]) == ("error", "note")
    assert note["message"]["text"].startswith(
        "AUTH-02 could not be decided; no violation was seen: Title of AUTH-02."
    )
    assert note["properties"] == {"verdict": "inconclusive"}
    rules = document["runs"][0]["tool"]["driver"]["rules"]
    assert ["security-severity" in rule["properties"] for rule in rules] == [True, False]


def test_of_a_run_that_decided_everything_nothing_is_left_out(tmp_path: Path) -> None:
    rendered = render(write(tmp_path, whole([finding(), finding("RLS-01", "fail")], 1)))

    assert rendered.notes == ()
    assert "code scanning" not in (tmp_path / "summary.md").read_text("utf-8")


def test_a_run_of_one_area_speaks_for_it_like_a_run_of_all(tmp_path: Path) -> None:
    everything = _document(tmp_path, whole([finding(), finding("RLS-01", "fail")], 1))
    one_area = _document(tmp_path, whole([finding("RLS-01")]))

    assert _categories(one_area) == _categories(everything)[1:]


@pytest.mark.parametrize(
    "fewer",
    [
        [finding("AUTH-01")],
        [finding("AUTH-01"), finding("AUTH-02", "not assessed")],
        [finding("AUTH-01"), finding("AUTH-02", checks=[])],
    ],
    ids=["a requirement", "a channel", "a check"],
)
def test_a_run_that_saw_less_speaks_in_a_category_of_its_own(
    fewer: list[Line], tmp_path: Path
) -> None:
    full = _document(tmp_path, whole([finding("AUTH-01"), finding("AUTH-02", "fail")], 1))
    less = _document(tmp_path, whole(fewer))

    assert not set(_categories(full)) & set(_categories(less))


def _target(name: str, url: str, *command: str) -> Line:
    return header(target={"name": name, "url": url}, command=["pytest", *command])


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (_target("s", "http://127.0.0.1:1/mcp"), _target("s", "http://localhost:2/mcp"), True),
        (_target("s", "https://a.example/mcp"), _target("s", "https://a.example/mcp"), True),
        (_target("s", "https://a.example/mcp"), _target("s", "https://b.example/mcp"), False),
        (_target("s", "https://a.example/mcp"), _target("t", "https://a.example/mcp"), False),
        (_target("s", "http://127.0.0.1:1/a"), _target("s", "http://127.0.0.1:1/b"), False),
        (
            _target("s", "http://127.0.0.1:1/", "--target=http://127.0.0.1:1/"),
            _target("s", "http://127.0.0.1:2/", "--target", "http://127.0.0.1:2/"),
            False,
        ),
        (_target("target", "http://[::1]:1/"), _target("target", "http://[::1]:2/"), False),
        (_target("é", "http://[broken"), _target("è", "http://[broken"), False),
    ],
)
def test_categories_and_fingerprints_tell_targets_apart(
    one: Line, other: Line, *, is_same: bool, tmp_path: Path
) -> None:
    rest = whole([finding(verdict="fail")], 1)[1:]

    documents = [_document(tmp_path, [top, *rest]) for top in (one, other)]

    first, second = (_categories(document) for document in documents)
    marks = [_results(document)[0]["partialFingerprints"] for document in documents]
    assert (first == second) is is_same
    assert (marks[0] == marks[1]) is is_same


def test_a_fingerprint_does_not_vary_with_what_was_seen(tmp_path: Path) -> None:
    first = finding(verdict="fail")
    changes = {"title": "t", "clause": "c", "seen": "s", "reason": "r", "rerun": "x", "seconds": 9}
    top = header(started="2027-01-02T03:04:05+02:00", tools={"hallmark": "9"}, command=["x"])

    one = _document(tmp_path, whole([first], 1))
    other = _document(tmp_path, [top, first | changes, footer([first], 1)])

    for name in ("partialFingerprints", "locations", "ruleId"):
        assert _results(one)[0][name] == _results(other)[0][name]
    assert _categories(one) == _categories(other)


def test_more_areas_than_a_file_takes_are_left_out_and_named(tmp_path: Path) -> None:
    many = [finding(f"A{number}-01") for number in range(25)]
    run = load(write(tmp_path, whole(many)))

    text = sarif.render(run)

    CodeScanning().upload(text)
    assert "A20, A21, A22, A23, A24 (a file takes 20 areas)" in scope(run).sentences[0]


@dataclass(frozen=True)
class Made:
    """One possible run: each requirement's verdict and checks, and the file that it yields."""

    found: dict[str, State]
    is_whole: bool
    text: str | None


def _every_run(folder: Path) -> list[Made]:
    """Return every run there can be of two requirements, of one check or two each."""
    states: list[State | None] = [None, *itertools.product(VERDICTS, (CHECKS, CHECKS[:1]))]
    made: list[Made] = []
    for one, other, is_whole in itertools.product(states, states, (True, False)):
        found = {name: state for name, state in zip(IDS, (one, other), strict=True) if state}
        made.append(Made(found, is_whole, _sarif(folder, _lines(found, is_whole=is_whole))))
    return made


def _lines(found: dict[str, State], *, is_whole: bool) -> list[Line]:
    findings = [
        finding(
            name,
            verdict,
            checks=[{"name": check, "verdict": verdict, "reason": ""} for check in checks],
        )
        for name, (verdict, checks) in found.items()
    ]
    lines = whole(findings, int(any(verdict == "fail" for verdict, _ in found.values())))
    return lines if is_whole else lines[:-1]


def test_no_run_closes_an_alert_that_it_did_not_see_repaired(tmp_path: Path) -> None:
    """Of every run after every other, an alert closes by a pass of the checks that opened it."""
    every = _every_run(tmp_path)
    closed = 0
    for first, second in itertools.product(every, every):
        github = CodeScanning()
        github.upload(first.text)
        before = github.open
        github.upload(second.text)
        for name in before - github.open:
            closed += 1
            verdict, checks = second.found[name]
            assert (second.is_whole, verdict, checks) == (True, "pass", first.found[name][1])

    assert closed  # else this would hold of a document that never closes anything


def test_no_violation_of_a_whole_run_is_kept_from_code_scanning(tmp_path: Path) -> None:
    for made in _every_run(tmp_path):
        github = CodeScanning()
        github.upload(made.text)
        failed = {name for name, (verdict, _) in made.found.items() if verdict == "fail"}
        assert not made.is_whole or failed <= github.open


def test_a_repair_that_was_seen_closes_the_alert(tmp_path: Path) -> None:
    github = CodeScanning()

    github.upload(_sarif(tmp_path, whole([finding(), finding("AUTH-02", "fail")], 1)))
    assert github.open == {"AUTH-02"}
    github.upload(_sarif(tmp_path, whole([finding(), finding("AUTH-02")])))
    assert github.open == set()


def test_what_a_violation_left_undecided_closes_with_it(tmp_path: Path) -> None:
    """A category of its own for each doubt would keep its alerts after their repair."""
    github = CodeScanning()
    first = [finding("AUTH-01", "fail"), finding("AUTH-02", "inconclusive")]

    github.upload(_sarif(tmp_path, whole(first, 1)))
    assert github.open == {"AUTH-01", "AUTH-02"}
    github.upload(_sarif(tmp_path, whole([finding("AUTH-01"), finding("AUTH-02")])))
    assert github.open == set()


def test_a_dead_target_changes_nothing(tmp_path: Path) -> None:
    github = CodeScanning()

    github.upload(_sarif(tmp_path, whole([finding("AUTH-01", "fail"), finding("AUTH-02")], 1)))
    dead = [finding(f"AUTH-0{number}", "inconclusive") for number in (1, 2)]
    github.upload(_sarif(tmp_path, whole(dead, 6)))

    assert github.open == {"AUTH-01"}


@pytest.mark.parametrize(
    "words",
    [
        *HOSTILE,
        "[click](https://attacker.example) [1](1) {0} {1} %s",
        "\ud800\x00\u202e",
        "long " * 40_000,
        "",
    ],
)
def test_hostile_words_are_words(words: str, tmp_path: Path) -> None:
    texts = ("title", "clause", "source", "area_title", "reason", "expected", "seen", "rerun")
    changes: Line = dict.fromkeys((*texts, "remedy"), words)
    lists: Line = {name: [words] * 30 for name in ("needs", "missing", "references")}
    checks = [{"name": words, "verdict": "fail", "reason": words}]
    found = [finding(verdict="fail", **changes, **lists, checks=checks)]
    top = header(target={"name": words, "url": words}, tools={words: words, "hallmark": words})

    document = _document(tmp_path, [top, *found, footer(found, 1)])

    text = json.dumps(document, ensure_ascii=False)
    assert text.isprintable()
    assert len(text) < 60_000
    message = _results(document)[0]["message"]["text"]
    assert not re.search(r"(?<!\\)[\[\]]|\]\(", message)
    assert not re.search(r"(?<!\{)(\{\{)*\{[0-9]", message)
    rule = document["runs"][0]["tool"]["driver"]["rules"][0]
    assert not re.search(r"(?<!\\)[<\[\]@~]", rule["help"]["markdown"])
    assert len(rule["properties"]["tags"]) <= 20
    assert all(rule[name]["text"] for name in ("shortDescription", "fullDescription", "help"))
