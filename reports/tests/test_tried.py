"""The page and the summary tell what was tried, and what was not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.record.reading import load
from conformance.selftest.records import Line, finding, header, whole, write
from reports import html, markdown
from reports.tests.page import Page
from reports.tried import MOST_KINDS, Method, Route, tried

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.record.run import Run


def _run(folder: Path, *found: Line, **changes: object) -> Run:
    lines = whole([*found], 0)
    return load(write(folder, [header(**changes), *lines[1:]]))


def _some(folder: Path, **changes: object) -> Run:
    return _run(
        folder,
        finding("AUTH-01", sent={"POST mcp": 3, "POST mcp!": 40, "GET mcp!": 2}, needs=["keys"]),
        finding("AUTH-02", sent={"POST mcp": 2, "GET elsewhere!": 4, "POST rotate_key": 1}),
        finding("BLOCK-01", "not assessed", missing=["clock", "admin"], needs=["clock"]),
        finding("RATE-01", "not assessed", missing=["clock"], needs=["clock"]),
        finding("RATE-02", missing=["clock"], needs=["http"]),
        **changes,
    )


def test_requests_are_counted_by_route_method_and_credential(tmp_path: Path) -> None:
    found = tried(_some(tmp_path))
    assert found.routes == (
        Route("mcp", (Method("POST", 5, 40), Method("GET", 0, 2))),
        Route("rotate_key", (Method("POST", 1, 0),)),
        Route("elsewhere", (Method("GET", 0, 4),)),
    )
    assert found.sentence == "52 requests were sent, 46 of them without a right credential."


def test_channels_are_those_of_what_was_decided_and_what_lacks_the_others(tmp_path: Path) -> None:
    found = tried(_some(tmp_path))
    assert found.used == ("keys", "http")
    assert [(one.name, one.unseen) for one in found.absent] == [
        ("clock", "2 requirements, 1 more in part: BLOCK, RATE"),
        ("admin", "1 requirement: BLOCK"),
    ]


def test_the_page_shows_what_was_tried_and_what_stays_unseen(tmp_path: Path) -> None:
    page = Page(html.render(_some(tmp_path, was_disguised=True)))
    section = page.shown[page.shown.index("What was tried") :]
    section = section[: section.index("What was not assessed")]
    for words in (
        "52 requests were sent",
        "disguised as a common client",
        "MCP endpoint POST 5 40 GET · 0 2",
        "rotate key POST 1 · 0",
        "other paths GET · 0 4",
        "Channels used keys http",
        "clock 2 requirements, 1 more in part: BLOCK, RATE",
    ):
        assert words in section


def test_the_summary_has_two_lines_of_it(tmp_path: Path) -> None:
    told = markdown.render(_some(tmp_path)).replace("\\", "").splitlines()
    assert [line for line in told if line.startswith(("**Tried:**", "**Channels:**"))] == [
        (
            "**Tried:** 52 requests were sent, 46 of them without a right credential. "
            "To: MCP endpoint (POST, GET), rotate key (POST), other paths (GET)."
        ),
        (
            "**Channels:** used keys, http; absent clock (2 requirements, 1 more in part: "
            "BLOCK, RATE), admin (1 requirement: BLOCK)."
        ),
    ]


def test_the_summary_tells_of_a_disguise(tmp_path: Path) -> None:
    told = "The judge was disguised as a common client."
    assert told in markdown.render(_some(tmp_path, was_disguised=True))
    assert told not in markdown.render(_some(tmp_path))


def test_a_record_that_tells_of_no_request_says_so(tmp_path: Path) -> None:
    page = Page(html.render(_run(tmp_path, finding("AUTH-01"))))
    assert "The record tells of no request." in page.shown
    assert not [one for one in page.attributes("table") if one.get("class") == "requests"]


def test_a_record_of_very_many_kinds_is_cut(tmp_path: Path) -> None:
    sent = {f"M{number} mcp": 1 for number in range(MOST_KINDS + 3)}
    run = _run(tmp_path, finding("AUTH-01", sent=sent))
    assert sum(len(route.methods) for route in tried(run).routes) == MOST_KINDS
    assert "3 kinds of requests more are in the record." in Page(html.render(run)).shown
