"""The lock files installed as the README, the action and a server's start do it, with no index.

Their wheels are fetched once, by hash; then an installation that wanted anything else would end.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.markers import default_environment
from packaging.utils import canonicalize_name

from conformance.selftest.locks import PYTHONS, ROOT, asked, environments, pins, walk
from conformance.selftest.starting import start_program

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.install

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
OLDEST = {"3.11": "22.3", "3.12": "23.2.1", "3.13": "24.2", "3.14": "25.2"}[PYTHON]
"""The pip that the first release of this Python brings; older ones may not even start on it."""
FASTMCP = "fixtures/servers/fastmcp.lock"
BLOCKS = ("requirements.lock", "requirements-dev.lock")
OWN = {"mcp-hallmark"}
BROUGHT = {"pip", "setuptools"}
"""What a new environment may hold before anything is installed in it."""
SECONDS = 600


def run(*command: str | Path, folder: Path, **variables: str) -> str:
    """Run a command to its good end, and return its output."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, said
    return said


def fetched(folder: Path, *words: str | Path) -> None:
    """Download wheels, and never what would have to be built."""
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:")
    run(*pip, "-d", folder, *words, folder=folder)


@pytest.fixture(scope="session")
def pips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The oldest pip and the newest."""
    folder = tmp_path_factory.mktemp("pips")
    fetched(folder, f"pip=={OLDEST}")
    fetched(folder, "pip")
    return folder


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the lock files pin for this interpreter: the smaller are parts of the larger."""
    folder = tmp_path_factory.mktemp("wheels")
    for name in ("requirements-dev.lock", FASTMCP):
        fetched(folder, "--require-hashes", "-r", ROOT / name)
    return folder


@pytest.fixture
def offline(wheels: Path) -> dict[str, str]:
    """Variables that leave pip these wheels, and no index."""
    return {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_NO_COMPILE": "1",
    }


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What is tracked of this repository, and nothing that somebody's work left beside it."""
    left = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "out", "build", "dist")
    return Path(shutil.copytree(ROOT, tmp_path / "clone", ignore=left))


def block(lock: str) -> list[str]:
    """Return the lines of the README's block that installs a lock file, up to the last install."""
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"))
    (found,) = [one.splitlines() for one in blocks if f"-r {lock}\n" in one]
    assert found[0] == "python3 -m venv .venv"
    return [line for line in found[1:] if "pip install" in line]


def assert_holds(environment: Path, lock: str, own: set[str], **variables: str) -> None:
    """Assert that an environment is whole, and holds what the lock pins and nothing else."""
    python = environment / "bin" / "python"
    said = run(python, "-m", "pip", "check", folder=environment, **variables)
    assert "No broken requirements found." in said
    script = (
        "import importlib.metadata as m, json;"
        "print(json.dumps([[d.name, d.version] for d in m.distributions()]))"
    )
    found: list[list[str]] = json.loads(run(python, "-c", script, folder=environment))
    there: dict[str, str] = {canonicalize_name(name): version for name, version in found}
    here: dict[str, Any] = dict(default_environment())
    wanted = {
        pin.name: pin.version for pin in pins((ROOT / lock).read_text("utf-8")) if pin.wanted(here)
    }
    assert {name: there.get(name) for name in wanted} == wanted
    assert set(there) - set(wanted) - BROUGHT == own


@pytest.mark.parametrize("version", [OLDEST, "newest"])
@pytest.mark.parametrize("lock", BLOCKS)
def test_a_block_of_the_readme_asks_no_index(
    lock: str, version: str, clone: Path, pips: Path, offline: Mapping[str, str]
) -> None:
    run(sys.executable, "-m", "venv", ".venv", folder=clone)
    pip = ("--upgrade", "pip") if version == "newest" else (f"pip=={version}",)
    words = ("install", "--quiet", "--no-index", "--find-links", pips)
    run(clone / ".venv" / "bin" / "python", "-m", "pip", *words, *pip, folder=clone)

    lines = block(lock)
    for line in lines:
        run("/bin/sh", "-euc", line, folder=clone, **offline)

    assert_holds(clone / ".venv", lock, OWN if any("-e ." in one for one in lines) else set())
    smoke = (clone / ".venv" / "bin" / "python", "-m", "pytest", "conformance", "--version")
    assert "pytest" in run(*smoke, folder=clone)


def test_the_action_asks_no_index(tmp_path: Path, clone: Path, offline: Mapping[str, str]) -> None:
    """Its environment has the pip that this Python brings."""
    run(
        "/bin/bash",
        clone / "conformance" / "action" / "install.sh",
        folder=tmp_path,
        GITHUB_ACTION_PATH=str(clone / "conformance"),
        PYTHON=sys.executable,
        RUNNER_TEMP=str(tmp_path),
        **offline,
    )
    assert_holds(tmp_path / "hallmark", "requirements-judge.lock", OWN)
    assert "pytest" in run(tmp_path / "hallmark" / "bin" / "hallmark", "--version", folder=tmp_path)


def test_the_start_of_fastmcp_asks_no_index(
    tmp_path: Path, offline: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in offline.items():
        monkeypatch.setenv(name, value)
    start_program()._install_fastmcp(tmp_path)

    assert_holds(tmp_path, FASTMCP, set())


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", ["requirements-dev.lock", FASTMCP])
def test_a_lock_is_whole_and_has_wheels_for_each_python(
    lock: str, python: str, tmp_path: Path
) -> None:
    """What the wheels require is read from the wheels; nothing of theirs has to be built."""
    locked = pins((ROOT / lock).read_text("utf-8"))
    place = {**environments(python)[-1], **here()}
    listed = tmp_path / "here.lock"
    listed.write_text("\n".join(pin.entry() for pin in locked if pin.wanted(place)), "utf-8")
    words = ("install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps", "--target=new")
    only = ("--only-binary=:all:", f"--python-version={python}", "--require-hashes")
    report = tmp_path / "report.json"
    pip = (sys.executable, "-m", "pip", *words, *only, f"--report={report}", "-r", listed)
    run(*pip, folder=tmp_path)

    told: dict[str, Any] = json.loads(report.read_text("utf-8"))
    metadata = [one["metadata"] for one in told["install"]]
    requires: dict[str, list[str]] = {
        canonicalize_name(one["name"]): one.get("requires_dist", []) for one in metadata
    }
    roots = ["fastmcp"] if lock == FASTMCP else asked("dev")
    reached, missing = walk(locked, roots, place, lambda pin: requires[pin.name])
    assert missing == []
    assert reached <= set(requires)


def here() -> dict[str, str]:
    """Return what markers may ask of this system."""
    names = ("sys_platform", "platform_system", "os_name")
    return {name: str(dict[str, Any](default_environment())[name]) for name in names}
