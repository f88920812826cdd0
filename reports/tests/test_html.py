"""The page is one inert file in which everything of a run can be found."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from conformance.record.reading import load
from conformance.selftest.records import (
    EXCHANGE,
    NOTE,
    Line,
    finding,
    header,
    known,
    mixed,
    whole,
    write,
)
from reports import html, kill_matrix
from reports.references import OWASP_MCP_LIST
from reports.sizing import fit
from reports.tests.page import Page

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "<script>alert(1)</script>",
    "</script></style></pre></details><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)> ' onmouseover='alert(1)",
    "{{ 7 * 7 }} {% for x in y %}",
    "javascript:alert(1)",
    "&lt;b&gt; <!-- ]]> --> <![CDATA[",
    "\x1b]8;;http://attacker.example\x07link\x1b]8;;\x07",
)


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(html.render(load(write(tmp_path, whole(mixed(), 1)))))


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _policy(page: Page) -> str:
    found = [one for one in page.attributes("meta") if "http-equiv" in one]
    assert len(found) == 1
    return str(found[0]["content"])


def test_the_policy_allows_this_style_and_this_script_alone(page: Page) -> None:
    policy = dict(part.split(" ", 1) for part in _policy(page).split("; "))

    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == f"'sha256-{_digest(page.content('style'))}'"
    assert policy["script-src"] == f"'sha256-{_digest(page.content('script'))}'"
    assert len(page.attributes("style")) == len(page.attributes("script")) == 1


def test_nothing_is_fetched_and_no_attribute_runs(page: Page) -> None:
    names = {name for _, attributes in page.elements for name in attributes}

    assert not names & {"src", "srcset", "style", "action", "background", "poster", "data"}
    assert not [name for name in names if name.startswith("on")]
    assert not page.attributes("link")
    elsewhere = ("https://cwe.mitre.org/data/definitions/", OWASP_MCP_LIST)
    for attributes in page.attributes("a"):
        assert str(attributes["href"]).startswith(("#", *elsewhere))


def test_style_and_script_cannot_end_their_element_early() -> None:
    for name in ("report.css", "report.js"):
        assert "</" not in (html.TEMPLATES / name).read_text("utf-8")


def test_every_requirement_can_be_linked_to(page: Page) -> None:
    anchors = [one["id"] for one in page.attributes("div") if one.get("class") == "body"]
    targets = {str(one["href"])[1:] for one in page.attributes("a") if str(one["href"])[0] == "#"}
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]

    assert anchors == ["AUTH-01", "AUTH-02", "AUTH-06", "RLS-01", "RLS-02"]
    assert targets <= set(identifiers)
    assert len(identifiers) == len(set(identifiers))


def test_the_answer_comes_first_then_what_failed(page: Page) -> None:
    order = [
        page.shown.index(words)
        for words in ("1 violation", "What failed", "By area", "What was not", "All requirements")
    ]

    assert order == sorted(order)
    card = page.shown[order[1] : order[2]]
    said = ("AUTH-02", "Mend part of AUTH-02.", "Clause of AUTH-02.", "why AUTH-02 is fail")
    places = [card.index(words) for words in (*said, "pytest conformance --requirement=AUTH-02")]
    assert places == sorted(places), "what to do comes first, the command last"


def test_a_requirement_opens_to_all_that_is_known_of_it(page: Page) -> None:
    detail = page.shown[page.shown.rindex("Title of AUTH-02") :]
    detail = detail[: detail.index("Title of AUTH-06")]

    for words in (
        "Mend part of AUTH-02.",
        "Clause of AUTH-02.",
        "assert 200 == 401",
        "a row another",
        "X-Api-Key: <key>",
        "CWE-306 ; OWASP MCP07:2025 Insufficient Authentication & Authorization",
        "pytest conformance --requirement=AUTH-02",
    ):
        assert words in detail


def test_a_failure_shows_an_exchange_or_what_there_is_instead(tmp_path: Path) -> None:
    lines = whole([finding("RLS-05", "fail", evidence=[NOTE, NOTE]), finding("RLS-06", "fail")], 1)

    page = Page(html.render(load(write(tmp_path, lines))))

    evidence = [one for one in page.attributes("details") if one["class"] == "evidence"]
    assert ["open" in one for one in evidence] == [True, True, False, True]


def test_a_record_without_remedies_is_a_whole_page(tmp_path: Path) -> None:
    lines = whole([finding("AUTH-01", "fail", remedy=""), finding("AUTH-02", remedy="")], 1)

    shown = Page(html.render(load(write(tmp_path, lines)))).shown

    assert "To do" not in shown
    assert "Should it fail" not in shown


def test_a_verdict_is_told_by_word_and_shape(page: Page) -> None:
    uses = {one["href"] for one in page.attributes("use")}
    shapes = {f"#{one['id']}" for one in page.attributes("symbol")}

    assert uses == shapes
    for word in ("pass", "fail", "inconclusive", "not assessed"):
        assert word in page.shown


def test_an_exchange_is_shown_as_sent_and_received(page: Page) -> None:
    assert 'Sent POST http://127.0.0.1:9/mcp X-Api-Key: <key> {"id": 1} Received 200' in page.shown


@pytest.mark.parametrize("words", HOSTILE)
def test_words_of_the_target_stay_words(words: str, tmp_path: Path) -> None:
    texts = (
        "title",
        "clause",
        "remedy",
        "source",
        "area_title",
        "reason",
        "expected",
        "seen",
        "rerun",
    )
    changes = dict.fromkeys(texts, words)
    evidence = [EXCHANGE | {"title": words, "text": words}, {**EXCHANGE, "kind": words}]
    checks = [{"name": words, "verdict": "fail", "reason": words}]
    lists = {name: [words] for name in ("needs", "missing", "references")}
    finds = [
        finding("AUTH-01", verdict, **changes, **lists, evidence=evidence, checks=checks)
        | {"id": f"AUTH-0{number}"}
        for number, verdict in enumerate(("pass", "fail", "inconclusive", "not assessed"))
    ]
    tame = [finding(f"AUTH-0{n}", one["verdict"], missing=["x"]) for n, one in enumerate(finds)]
    top = header(target={"name": words, "url": words}, command=[words], tools={words: words})
    lines = [top, *whole(finds, 1)[1:]]

    hostile = Page(html.render(load(write(tmp_path, lines))))
    plain = Page(html.render(load(write(tmp_path, whole(tame, 1)))))

    names = {tag for tag, _ in hostile.elements}
    assert names <= {tag for tag, _ in plain.elements} | {"blockquote"}
    assert not [name for _, found in hostile.elements for name in found if name.startswith("on")]
    assert len(hostile.attributes("details")) >= len(finds)
    assert "\x1b" not in hostile.shown
    visible = words.replace("\x1b", "␛").replace("\x07", "␇")
    assert " ".join(visible.split()) in hostile.shown


def _heavy(count: int) -> list[Line]:
    pieces = [NOTE, *([EXCHANGE | {"text": '"' * 6000}] * count)]
    return [finding(f"AUTH-{n:02}", verdict, evidence=pieces) for n, verdict in enumerate(VERDICTS)]


VERDICTS = ("pass", "fail", "inconclusive", "not assessed")


def test_a_page_that_would_be_too_large_shows_less_of_what_did_not_fail(tmp_path: Path) -> None:
    """A quote takes five bytes as markup, so it is the markup that is measured."""
    run = load(write(tmp_path, whole(_heavy(12), 1)))

    assert [one.left_out for one in fit(run).values()] == [6, 0, 6, 6]
    assert [one.left_out for one in fit(run, 500_000).values()] == [11, 0, 11, 11]
    assert [one.left_out for one in fit(run, 1_000).values()] == [12, 12, 12, 12]
    assert all(NOTE["title"] in [i.title for i in one.evidence] for one in fit(run, 1_000).values())
    assert "6 more exchanges are in the record" in Page(html.render(run)).shown


def test_a_page_of_usual_size_leaves_nothing_out(tmp_path: Path) -> None:
    run = load(write(tmp_path, whole(_heavy(3), 1)))

    assert {one.left_out for one in fit(run).values()} == {0}
    assert "in the record" not in Page(html.render(run)).shown


def test_an_empty_run_is_a_whole_page(tmp_path: Path) -> None:
    page = Page(html.render(load(write(tmp_path, whole([])))))

    assert "Nothing judged" in page.shown
    assert "The record holds no finding." in page.shown
    assert not page.attributes("table")


def _matrix(tmp_path: Path) -> kill_matrix.KillMatrix:
    rows: list[Line] = [
        {"name": "healthy", "names": [], "failed": [], "exact": True, "seconds": 1},
        {"name": "m1", "names": ["AUTH-02"], "failed": ["AUTH-02"], "exact": True, "seconds": 1.5},
        {"name": "<b>m2", "names": ["AUTH-01"], "failed": ["RLS-01"], "exact": True, "seconds": 1},
    ]
    path = tmp_path / "kill-matrix.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return kill_matrix.load(path)


def test_the_kill_matrix_is_shown_and_its_word_checked(tmp_path: Path) -> None:
    found = load(write(tmp_path, whole(mixed(), 1)))

    page = Page(html.render(found, _matrix(tmp_path)))

    assert "2 of 3 failed exactly" in page.shown
    assert "<b>m2 not exact ○ survived ✕ stray failure" in page.shown
    assert "Mutants caught m1" in page.shown
    assert not page.attributes("b") or "<b>" not in str(page.elements)


def test_an_unfit_kill_matrix_is_mentioned(tmp_path: Path) -> None:
    found = load(write(tmp_path, whole(mixed(), 1)))

    assert (
        "No kill matrix is shown: it is torn."
        in Page(html.render(found, matrix_error="it is torn")).shown
    )


def test_a_cut_run_shows_no_proportions(tmp_path: Path) -> None:
    cut = Page(html.render(load(write(tmp_path, whole([finding()])[:-1]))))

    assert not [one for one in cut.attributes("svg") if one.get("class") == "bar"]


def test_a_known_failure_stands_apart_from_what_must_be_mended(tmp_path: Path) -> None:
    lines = [finding("AUTH-01", "fail", known=known()), finding("AUTH-02", "fail")]

    document = html.render(load(write(tmp_path, whole(lines, 1))))

    failed, rest = document.split('id="failed"')[1].split('id="known"')
    assert "AUTH-02" in failed
    assert "AUTH-01" not in failed
    assert "Title of AUTH-01 (expected, until 2030-01-31): mended in the spring" in rest
