"""What a limit let through and who saw whose rows become drawings; anything else is no figure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from conformance.record.reading import load
from conformance.selftest.records import finding, whole, write
from reports import admission, html, isolation
from reports.references import OWASP_MCP_LIST, OWASP_MCP_RISKS, resolve
from reports.tests.page import Page

if TYPE_CHECKING:
    from pathlib import Path

TWO = ["tenant A", "tenant B"]


def limit(**changes: Any) -> str:
    """Return the figure of a limit of three that refuses the fourth request."""
    data = {"limit": 3, "window": 60, "ms": [10, 20, 30, 40], "outcomes": "aaal"}
    return json.dumps(data | changes)


def sight(**changes: Any) -> str:
    """Return the figure of two tenants, of whom the second sees a table of the first."""
    data = {
        "readers": TWO,
        "owners": [*TWO, "any other tenant"],
        "tables": 3,
        "counts": [[3, 0, 0], [1, 3, 0]],
        "names": [[["a", "b", "c"], [], []], [["notes"], ["a"], []]],
    }
    return json.dumps(data | changes)


def test_each_admission_is_a_step_and_each_refusal_a_mark() -> None:
    found = admission.figure(limit())

    assert found is not None
    assert found.steps.count("V") == 3
    assert found.limited.count("M") == 1
    assert not found.others
    assert found.words == "4 requests in 0.0 s: 3 admitted, 1 refused with 429"
    assert found.steps.endswith(f"V{found.limit_y}H632"), "the last step reaches the limit"


def test_what_was_admitted_beyond_the_limit_stands_above_it() -> None:
    found = admission.figure(limit(outcomes="aaaa"))

    assert found is not None
    assert found.words.endswith("4 admitted, 0 refused with 429, which is 1 more than the limit")
    last = float(found.steps.rpartition("V")[2].partition("H")[0])
    assert last < found.limit_y


def test_what_is_neither_admitted_nor_refused_is_told_apart() -> None:
    found = admission.figure(limit(outcomes="aaoo"))

    assert found is not None
    assert (found.limited.count("M"), found.others.count("M")) == (0, 2)
    assert "2 answered otherwise" in found.words


def test_a_leak_is_a_reader_who_saw_anothers_rows() -> None:
    found = isolation.matrix(sight())

    assert found is not None
    leaks = {
        (reader, owner): cell.tables
        for reader, cells in found.rows
        for owner, cell in zip(found.owners, cells, strict=True)
        if cell.is_leak
    }
    assert leaks == {("tenant B", "tenant A"): "notes"}
    own = found.rows[1][1][1]
    assert (own.words, own.tables, own.is_own) == ("rows in 3 of 3 tables", "a and 2 more", True)


BROKEN = ["no JSON", "[]", "{}", "[" * 100_000, '{"ms": 1}', '{"owners": ["a"], "readers": ["a"]}']


@pytest.mark.parametrize(
    "text",
    [
        *BROKEN,
        limit(ms=[]),
        limit(outcomes="a"),
        limit(limit=0),
        limit(ms=[1, "x", 2, 3]),
        limit(ms=[-1, 2, 3, 4]),
        limit().replace("30", "NaN"),
        limit().replace("30", "1e999"),
        limit(outcomes=None),
    ],
)
def test_what_is_no_limits_figure_is_not_drawn(text: str) -> None:
    assert admission.figure(text) is None


@pytest.mark.parametrize(
    "text", [*BROKEN, sight(counts=[[1]]), sight(owners=[]), sight(names=3), sight(tables="x")]
)
def test_what_is_no_matrix_is_not_shown(text: str) -> None:
    assert isolation.matrix(text) is None


@pytest.mark.parametrize("word", ["<img src=x>", "\x1b[31m", "a\nb"])
def test_words_in_a_figure_stay_words(word: str, tmp_path: Path) -> None:
    names = [[[word], [], []], [[word], [], []]]
    text = sight(readers=[word, "B"], owners=[word, "B", "C"], names=names)
    kinds = {"admission": limit(), "isolation": text}
    evidence = [{"kind": kind, "title": kind, "text": text} for kind, text in kinds.items()]

    page = Page(html.render(load(write(tmp_path, whole([finding(evidence=evidence)])))))

    assert not page.attributes("img")
    assert "\x1b" not in page.shown
    assert "3 admitted, 1 refused" in page.shown
    assert word.replace("\x1b", "␛").replace("\n", "␊") in page.shown


def test_a_figure_that_cannot_be_drawn_is_shown_as_it_is(tmp_path: Path) -> None:
    evidence = [{"kind": "admission", "title": "a limit", "text": '{"limit": "much"}'}]

    page = Page(html.render(load(write(tmp_path, whole([finding(evidence=evidence)])))))

    assert 'a limit: {"limit": "much"}' in page.shown


@pytest.mark.parametrize(
    ("cited", "url"),
    [
        ("CWE-639", "https://cwe.mitre.org/data/definitions/639.html"),
        ("OWASP MCP07:2025", OWASP_MCP_LIST),
        ("OWASP MCP07", OWASP_MCP_LIST),
        ("RFC 9110 §10.2.3", "https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3"),
        ("OWASP MCP11:2025", ""),
        ("CWE-639 ", ""),
        ("CWE-6\n", ""),
        ("ASVS 5.0 V8.4.1", ""),
        ("RFC 9110 §1#x", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_a_reference_leads_to_its_page_or_nowhere(cited: str, url: str) -> None:
    assert resolve(cited).url == url


def test_the_ten_risks_have_their_names() -> None:
    assert list(OWASP_MCP_RISKS) == [f"MCP{number:02}" for number in range(1, 11)]
    assert resolve("OWASP MCP05:2025").title == "Command Injection & Execution"
