"""Which profile a run goes by is decided once, and workers get the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.profile.reading import ProfileError, digest
from conformance.run.options import DEFAULT_PROFILE, Options
from conformance.run.plan import Plan
from conformance.selftest.judging import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "http://127.0.0.1:9/mcp"
STARTS = '[start]\ncommand = ["server"]\n[target]\nurl = { state = "url" }\n'
NONE = Options(
    url=None,
    profile=None,
    state=None,
    areas=frozenset(),
    requirements=frozenset(),
    mutant=None,
    report=None,
    required=frozenset(),
    without=frozenset(),
    is_intrusive=False,
    patience=0,
)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """Write a profile."""

    def write(text: str) -> Path:
        path = tmp_path / "profile.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def test_a_url_alone_needs_no_profile() -> None:
    plan = Plan.of(replace(NONE, url=URL), ROOT)
    assert (plan.profile, plan.start, plan.digest) == (None, None, None)
    assert plan.target().url == URL


def test_without_options_the_reference_server_is_started() -> None:
    plan = Plan.of(NONE, ROOT)
    assert plan.profile == ROOT / DEFAULT_PROFILE
    assert plan.start is not None
    assert plan.digest == digest(ROOT / DEFAULT_PROFILE)


def test_with_a_state_the_default_profile_is_of_a_running_server() -> None:
    plan = Plan.of(replace(NONE, state=Path("state.json")), ROOT)
    assert (plan.profile, plan.start) == (ROOT / DEFAULT_PROFILE, None)


def test_elsewhere_a_target_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="nothing to judge: give --target=URL"):
        Plan.of(NONE, tmp_path)


def test_what_a_start_will_tell_stands_open_until_then(
    tmp_path: Path, written: Callable[[str], Path]
) -> None:
    plan = Plan.of(replace(NONE, profile=written(STARTS)), tmp_path)
    assert plan.start is not None
    assert plan.target().url != URL
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"url": URL}), "utf-8")
    plan = plan.started(state)
    assert plan.start is None
    assert plan.target().url == URL


def test_a_url_beside_a_profile_starts_nothing(
    tmp_path: Path, written: Callable[[str], Path]
) -> None:
    text = f'[start]\ncommand = ["server"]\n[target]\nurl = "{URL}"\n'
    plan = Plan.of(replace(NONE, profile=written(text), url=f"{URL}/other"), tmp_path)
    assert plan.start is None
    assert plan.target().url == f"{URL}/other"


@pytest.mark.parametrize("options", [replace(NONE, url=URL), NONE], ids=["url", "started"])
def test_a_worker_gets_the_plan_of_the_started_target(options: Options) -> None:
    plan = Plan.of(options, ROOT)
    plan = plan.started(Path("state.json")) if plan.start else plan
    assert Plan.taken(json.loads(json.dumps(plan.handed()))) == plan
