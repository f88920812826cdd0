"""What a target says is no command to the CI system whose log it ends up in."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving
from conformance.text.plain import flat, powerless
from conformance.text.toml_text import quoted

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = re.compile(r"##\w*\[|^\s*::", re.MULTILINE)
SAID = (
    "##[add-mask]x",
    "a ##vso[task.prependpath]/tmp/evil",
    "###[group]",
    "##teamcity[x]",
    "::set-env name=x::y",
    "  ::stop-commands::z",
    "harmless\n::error::it",
    "harmless\r \t::error::it",
)


@pytest.mark.parametrize("said", SAID)
def test_no_text_is_a_command(said: str) -> None:
    assert COMMAND.search(said.replace("\r", "\n"))
    for shown in (powerless(said), flat(said), quoted(said)):
        assert not COMMAND.search(shown.replace("\r", "\n"))
    assert tomllib.loads(f"it = {quoted(said)}")["it"] == said


@pytest.mark.parametrize("hidden", ["#\u200b#[group]", "#\x1b#vso[x]", "\u202e::error::x"])
def test_nothing_becomes_a_command_when_what_is_invisible_goes(hidden: str) -> None:
    assert not COMMAND.search(flat(hidden))


@pytest.mark.parametrize("harmless", ["## A title", "a::b", "http://[::1]:80/", "#1 ##"])
def test_other_text_stays_as_it_is(harmless: str) -> None:
    assert powerless(harmless) == harmless


class Commanding(Good):
    """Refuses with the wrong status, and with words that a CI system would obey."""

    def refuse(self) -> None:
        """Send what is a violation, so that it is quoted."""
        self.reply(403, {"error": " ".join(SAID[:5])})


def test_a_failure_shows_what_was_said_and_no_command(tmp_path: Path) -> None:
    with serving(Commanding) as url:
        words = (f"--target={url}", "--requirement=AUTH-01")
        found = judge(tmp_path, *words, profile=PROFILE, is_rendered=True)
    assert found.code == 1, found.output
    assert "[add-mask]x" in found.output
    assert not COMMAND.search(found.output)


def test_nor_do_the_last_words_of_a_target_that_does_not_start(tmp_path: Path) -> None:
    said = "print('\\x1b[2J ##[add-mask]x')"
    profile = (
        f'[target]\nurl = {{ state = "url" }}\n[start]\ncommand = ["{{python}}", "-c", "{said}"]\n'
    )
    found = judge(tmp_path, profile=profile.replace("\\", "\\\\"))
    assert found.code == 4
    assert "# #[add-mask]x" in found.output
    assert "\x1b[2J" not in found.output
    assert not COMMAND.search(found.output)
