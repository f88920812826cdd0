"""Lock files read, and followed from what is asked for to the last requirement of a requirement.

Whole is a lock file in which every requirement of every pinned distribution is pinned, too, at a
version that satisfies it: then it is installed without a resolver, and nothing can be newer.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Metadata = Callable[["Pin"], list[str] | None]

ROOT = Path(__file__).parents[2]
PROJECT = "mcp-hallmark"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}


@dataclass(frozen=True)
class Pin:
    """One entry of a lock file: a distribution, its one version, and where it is wanted."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The distribution, as indexes compare names."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """Its one version."""
        return str(self.requirement.specifier).removeprefix("==")

    def entry(self) -> str:
        """Return it as a lock file for one environment has it."""
        return " ".join([f"{self.name}=={self.version}", *self.hashes])

    def wanted(self, environment: dict[str, str]) -> bool:
        """Tell whether it is installed in an environment."""
        return applies(self.requirement, environment, {""})


def pins(text: str) -> list[Pin]:
    """Read a lock file."""
    entries = [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [
        Pin(Requirement(words[0]), tuple(f"--hash={word.strip()}" for word in words[1:]))
        for words in (entry.split("--hash=") for entry in entries)
    ]


def asked(*extras: str) -> list[str]:
    """Return what this project itself requires: to be built, to judge, and for its extras."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = table["project"]
    chosen = [*table["dependency-groups"]["build"], *project["dependencies"]]
    for extra in extras:
        chosen += project["optional-dependencies"][extra]
    own = [Requirement(line) for line in chosen if line.startswith(PROJECT)]
    others = [line for line in chosen if not line.startswith(PROJECT)]
    nested = [extra for requirement in own for extra in sorted(requirement.extras)]
    return [*others, *(asked(*nested) if nested else [])]


def environments(python: str) -> list[dict[str, str]]:
    """Return what markers may ask, for the first and a late patch of a Python on each system."""
    return [
        {
            "python_version": python,
            "python_full_version": f"{python}.{patch}",
            "implementation_version": f"{python}.{patch}",
            "sys_platform": system,
            "platform_system": name,
            "os_name": "nt" if system == "win32" else "posix",
        }
        for patch in (0, 12)
        for system, name in SYSTEMS.items()
    ]


def applies(requirement: Requirement, environment: dict[str, str], extras: set[str]) -> bool:
    """Tell whether a requirement counts in an environment, of a distribution with these extras."""
    if requirement.marker is None:
        return True
    asked_of = tuple(environment.items())
    return any(_holds(str(requirement.marker), asked_of, extra) for extra in extras)


@cache
def _holds(marker: str, environment: tuple[tuple[str, str], ...], extra: str) -> bool:
    return _marker(marker).evaluate({**dict(environment), "extra": extra})


_marker = cache(Marker)
_requirement = cache(Requirement)


def walk(
    locked: Iterable[Pin], roots: Iterable[str], environment: dict[str, str], metadata: Metadata
) -> tuple[set[str], list[str]]:
    """Follow every requirement from the roots; return what was reached and what is not pinned.

    ``metadata`` tells what a pinned distribution requires, or None where nobody can tell.
    """
    here = {pin.name: pin for pin in locked if pin.wanted(environment)}
    reached: dict[str, set[str]] = {}
    missing: list[str] = []
    ahead = [("the project", {""}, [_requirement(root) for root in roots])]
    while ahead:
        asking, extras, requirements = ahead.pop()
        for requirement in requirements:
            if not applies(requirement, environment, extras):
                continue
            name = canonicalize_name(requirement.name)
            pin = here.get(name)
            if pin is None or not requirement.specifier.contains(pin.version, prereleases=True):
                missing.append(f"{asking} requires {requirement}, pinned is {pin and pin.version}")
                continue
            known = reached.setdefault(name, set())
            more = ({""} | requirement.extras) - known
            if more:
                known |= more
                ahead.append((name, set(known), [_requirement(r) for r in metadata(pin) or ()]))
    return set(reached), missing


@cache
def installed(pin: Pin) -> list[str] | None:
    """Return what a distribution requires that is installed here, at the version that is pinned."""
    try:
        found = distribution(pin.name)
    except PackageNotFoundError:
        return None
    return (found.requires or []) if found.version == pin.version else None
