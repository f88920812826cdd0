"""What README and the pages of ``docs/`` name exists: files, options, commands, environments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from conformance.catalogue import areas
from conformance.selftest.locks import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md")), *(ROOT / "docs").glob("*.md")]
LONGEST_README = 145
PYTESTS = {"--version", "--help"}
"""Options of pytest's own that the pages name."""
OTHERS = {"--state", "--serve", "--list", "--list-benign"}
"""Options of the reference server's commands that stand in no source as ``add_argument`` has it."""
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`")
_COMMAND = re.compile(r"^    (.*(?:pytest conformance|python -m |tox run).*)$", re.MULTILINE)
_MADE = ("reports/out", "AREA")
"""Parts of paths that a run makes, or that stand for any name."""


def prose(page: Path) -> str:
    return page.read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_exists(page: Path) -> None:
    links = [link for link in _LINK.findall(prose(page)) if "://" not in link]
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_path_that_a_page_names_exists(page: Path) -> None:
    # What has no folder of the top level before it is no path of this repository.
    top = {path.name for path in ROOT.iterdir()}
    named = [path for path in _PATH.findall(prose(page)) if path.split("/")[0] in top]
    missing = [path for path in named if not (ROOT / path).exists()]
    assert not [path for path in missing if not any(part in path for part in _MADE)]


def sources() -> Iterator[str]:
    for package in ("conformance", "reference_server", "reports", "load"):
        for path in (ROOT / package).rglob("*.py"):
            if not {"tests", "selftest"} & {*path.relative_to(ROOT).parts}:
                yield path.read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_an_option_of_a_page_is_one_of_ours(page: Path) -> None:
    """In commands alone: prose also names options of other programs."""
    ours = {found for text in sources() for found in re.findall(r"\"(--[a-z][a-z-]+)\"", text)}
    named = {option for line in _COMMAND.findall(prose(page)) for option in _OPTION.findall(line)}
    settings = set(_OPTION.findall((ROOT / "tox.ini").read_text("utf-8")))
    assert not named - ours - settings - PYTESTS - OTHERS


def test_every_option_of_the_judge_is_on_the_page_of_options() -> None:
    text = (ROOT / "conformance" / "run" / "options.py").read_text("utf-8")
    declared = set(re.findall(r"addoption\(\s*\"(--[a-z-]+)\"", text))
    assert declared
    assert not declared - set(_OPTION.findall(prose(ROOT / "docs" / "running.md")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_an_environment_of_a_page_is_one_of_tox(page: Path) -> None:
    environments = re.findall(r"\[testenv:([a-z]+)\]", (ROOT / "tox.ini").read_text("utf-8"))
    assert not set(re.findall(r"tox run -e ([a-z]+)", prose(page))) - set(environments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_an_area_of_a_page_is_one_of_the_catalogue(page: Path) -> None:
    named = re.findall(r"--(?:area|require)=([A-Z,]+)", prose(page))
    assert not {one for text in named for one in text.split(",")} - {*areas(), "A", "B", "AREA"}


def test_every_page_is_reached_from_the_readme() -> None:
    links = set(_LINK.findall(prose(ROOT / "README.md")))
    assert not {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} - links


def test_the_readme_is_short_and_begins_with_its_two_blocks() -> None:
    text = prose(ROOT / "README.md")
    assert len(text.splitlines()) <= LONGEST_README
    first, second = re.findall(r"(?ms)^```sh\n(.*?)^```", text)
    assert first.splitlines()[-1] == ".venv/bin/pytest conformance"
    assert second.splitlines()[-1] == ".venv/bin/tox run"
