"""A tool that asks in one era is judged there; in the other it has nothing to be held to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from conformance.selftest.asking import AsksInOneEra, TakesAnybodysAnswer, TakesAnybodysState
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.selftest.judging import Judged

BY_RESULT = "test_nobody_else_answers_a_question"
IN_SESSIONS = "test_nobody_else_answers_a_question_of_a_session"
OF_ANYBODY = "test_a_state_is_of_use_to_nobody_else"


def of_tools(*names: str) -> str:
    """Return a profile with some tools that ask."""
    return PROFILE + "".join(f'[[tools.asking]]\nname = "{one}"\nanswer = {{}}\n' for one in names)


def checks_of(found: Judged) -> dict[str, str]:
    """Return the verdict of each check that was made."""
    made = [cast("list[dict[str, Any]]", one.get("checks", [])) for one in found.lines]
    return {str(one["name"]): str(one["verdict"]) for some in made for one in some}


@pytest.mark.parametrize("names", [("newer", "older"), ("older", "newer")])
def test_each_tool_is_judged_in_the_era_in_which_it_asks(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    with serving(AsksInOneEra) as url:
        words = (f"--target={url}", "--requirement=MCP-25,MCP-27")
        found = judge(tmp_path, *words, profile=of_tools(*names))
    made = checks_of(found)
    assert "inconclusive" not in made.values(), found.output
    assert {made[BY_RESULT], made[IN_SESSIONS], made[OF_ANYBODY]} == {"pass"}, found.output
    assert found.verdicts["MCP-27"] == "pass", found.output


@pytest.mark.parametrize(
    ("server", "accused"),
    [(TakesAnybodysAnswer, {IN_SESSIONS}), (TakesAnybodysState, {BY_RESULT, OF_ANYBODY})],
)
def test_what_is_wrong_in_one_era_is_seen(
    tmp_path: Path, server: type[AsksInOneEra], accused: set[str]
) -> None:
    with serving(server) as url:
        words = (f"--target={url}", "--requirement=MCP-25,MCP-27")
        found = judge(tmp_path, *words, profile=of_tools("older", "newer"))
    failed = {name for name, verdict in checks_of(found).items() if verdict == "fail"}
    assert failed == accused, found.output


@pytest.mark.parametrize(("name", "lacking"), [("older", BY_RESULT), ("newer", IN_SESSIONS)])
def test_an_era_in_which_nothing_asks_decides_nothing(
    tmp_path: Path, name: str, lacking: str
) -> None:
    with serving(AsksInOneEra) as url:
        words = (f"--target={url}", "--requirement=MCP-27")
        found = judge(tmp_path, *words, profile=of_tools(name))
    assert checks_of(found)[lacking] == "not assessed", found.output
    assert found.verdicts["MCP-27"] == "pass", found.output


def test_a_tool_that_never_asks_is_no_proof_of_anything(tmp_path: Path) -> None:
    with serving(AsksInOneEra) as url:
        words = (f"--target={url}", "--requirement=MCP-27")
        found = judge(tmp_path, *words, profile=of_tools("never"))
    assert found.verdicts["MCP-27"] == "inconclusive", found.output
    assert "never asks before it acts" in found.output
