"""What is small enough to be compared whole, and JUnit, Markdown and badge, parsed."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from conformance.record.reading import load
from conformance.selftest.records import finding, footer, header, known, mixed, whole, write
from reports import badge, junit, markdown, oscal, sarif
from reports.tests.test_html import HOSTILE

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    ("name", "render"),
    [
        ("junit.xml", junit.render),
        ("summary.md", markdown.render),
        ("badge.svg", badge.render),
        ("results.sarif", sarif.render),
        ("oscal.json", oscal.render),
    ],
)
def test_the_sample_is_rendered_as_before(name: str, render: object, tmp_path: Path) -> None:
    """A change here is seen by every reader downstream, so it must be meant."""
    assert callable(render)

    assert render(load(write(tmp_path, whole(mixed(), 1)))) == (GOLDEN / name).read_text("utf-8")


def test_junit_counts_what_it_holds(tmp_path: Path) -> None:
    root = ET.fromstring(junit.render(load(write(tmp_path, whole(mixed(), 1)))))  # noqa: S314 -- ours

    assert (
        root.attrib.items()
        >= {"tests": "5", "failures": "1", "errors": "1", "skipped": "2"}.items()
    )
    for suite in root:
        assert len(suite) == int(suite.get("tests", "0"))
    names = {"failure": "AUTH-02", "error": "RLS-01", "skipped": "AUTH-06"}
    for tag, identifier in names.items():
        case = root.find(f".//testcase[{tag}]")
        assert case is not None
        assert case.get("name", "").startswith(identifier)


def test_junit_skips_what_is_known_and_fails_what_passes_against_it(tmp_path: Path) -> None:
    lines = whole(
        [finding("AUTH-01", "fail", known=known()), finding(known=known("unexpected pass"))], 1
    )
    lines[2]["id"] = "AUTH-02"

    root = ET.fromstring(junit.render(load(write(tmp_path, lines))))  # noqa: S314 -- ours

    assert root.attrib.items() >= {"failures": "1", "errors": "0", "skipped": "1"}.items()
    for tag, identifier in {"skipped": "AUTH-01", "failure": "AUTH-02"}.items():
        case = root.find(f".//testcase[{tag}]")
        assert case is not None
        assert case.get("name", "").startswith(identifier)
        assert "mended in the spring" in case[0].get("message", "")


def test_the_summary_tells_known_failures_apart_and_names_the_frozen_set(tmp_path: Path) -> None:
    found = [finding("AUTH-01", "fail", known=known(reason="*soon*")), finding("AUTH-02", "fail")]
    lines = [header(revision_set="0.1"), *whole(found, 1)[1:]]

    text = markdown.render(load(write(tmp_path, lines)))

    assert "# Hallmark: 1 violation\n" in text
    assert "### AUTH-02" in text
    assert "### AUTH-01" not in text
    assert "- AUTH-01 (expected, until 2030\\-01\\-31): \\*soon\\*" in text
    assert "the frozen set ` 0.1 `" in text


@pytest.mark.parametrize("words", [*HOSTILE, "".join(map(chr, range(0x20))), "\ud800\ufffe\uffff"])
def test_junit_of_hostile_words_is_xml(words: str, tmp_path: Path) -> None:
    lines = whole([finding(verdict="fail", title=words, reason=words, seen=words, rerun=words)], 1)

    root = ET.fromstring(junit.render(load(write(tmp_path, lines))))  # noqa: S314 -- ours

    assert {element.tag for element in root.iter()} == {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
    }


@pytest.mark.parametrize(
    "words",
    [
        *HOSTILE,
        "![x](http://attacker.example) [y](z) <http://attacker.example>",
        "| cell | # heading\n# heading\n---\n- list",
        "``` fence\n```\n# out\n~~~",
        "https://attacker.example www.attacker.example @everyone #1",
    ],
)
def test_markdown_of_hostile_words_is_words(words: str, tmp_path: Path) -> None:
    fields = ("title", "clause", "remedy", "expected", "seen", "reason", "rerun")
    changes = dict.fromkeys(fields, words)
    lines = whole([finding(verdict="fail", **changes)], 1)

    text = markdown.render(load(write(tmp_path, lines)))

    prose = _outside_fences(text)
    assert [line for line in prose if line.startswith("#")] == [
        "# Hallmark: 1 violation",
        "## What failed",
        f"### AUTH-01 {markdown.escape(_shown(words))}",
    ]
    assert not re.search(r"(?<!\\)[<\[\]@~]", "\n".join(prose))
    assert "\x1b" not in text


def _shown(words: str) -> str:
    return words.replace("\n", "␊").replace("\x1b", "␛").replace("\x07", "␇")


def _outside_fences(text: str) -> list[str]:
    """Return the lines outside code blocks; a fence ends at one as long or longer."""
    kept: list[str] = []
    fence = ""
    for line in text.split("\n"):
        marks = re.match(r"`{3,}", line)
        if fence:
            is_end = marks and len(marks[0]) >= len(fence) and line == marks[0]
            fence = "" if is_end else fence
        elif marks:
            fence = marks[0]
        else:
            kept.append(line)
    assert not fence
    return kept


def test_a_code_span_outlasts_the_backticks_in_it() -> None:
    assert markdown.code("a`b``c") == "``` a`b``c ```"


def test_code_in_a_remedy_stays_code(tmp_path: Path) -> None:
    remedy = "Set `a_b` *now*, not `."
    lines = whole([finding(verdict="fail", remedy=remedy)], 1)

    text = markdown.render(load(write(tmp_path, lines)))

    assert "**To do:** Set ` a_b ` \\*now\\*\\, not \\`\\.\n" in text


def test_a_failure_without_a_remedy_says_nothing_of_one(tmp_path: Path) -> None:
    found = load(write(tmp_path, whole([finding(verdict="fail", remedy="")], 1)))

    assert "To do" not in markdown.render(found)
    assert "to do" not in junit.render(found)


def test_a_summary_of_many_failures_stays_short(tmp_path: Path) -> None:
    many = [finding(f"AUTH-{number:02}", "fail") for number in range(60)]

    text = markdown.render(load(write(tmp_path, whole(many, 1))))

    assert text.count("### ") == 40
    assert "20 more are in" in text


def test_a_summary_of_very_long_words_is_one_that_github_takes(tmp_path: Path) -> None:
    words = "*" * 20_000
    changes = dict.fromkeys(("title", "clause", "expected", "seen", "reason", "rerun"), words)
    verdicts = ("fail", "inconclusive", "not assessed")
    many = [finding(f"AUTH-{n:02}", verdicts[n % 3], **changes) for n in range(99)]
    top = header(target={"name": words, "url": words})

    text = markdown.render(load(write(tmp_path, [top, *many, footer(many, 1)])))

    assert len(text.encode()) < 1024 * 1024


@pytest.mark.parametrize("words", HOSTILE)
def test_the_badge_holds_no_word_of_the_target(words: str, tmp_path: Path) -> None:
    changes = dict.fromkeys(("title", "clause", "reason", "seen"), words)

    hostile = badge.render(load(write(tmp_path, whole([finding(verdict="fail", **changes)], 1))))

    assert hostile == badge.render(load(write(tmp_path, whole([finding(verdict="fail")], 1))))
    ET.fromstring(hostile)  # noqa: S314 -- ours
