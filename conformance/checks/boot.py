"""BOOT: what the server does before it opens a port."""

from __future__ import annotations

import ipaddress
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import pytest

from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conformance.evidence.launch import Launched, Launcher


def _missing(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _blank(path: Path) -> None:
    path.write_bytes(b" \n")


def _unreadable(path: Path) -> None:
    """Make it a folder: that cannot be read by the superuser either."""
    path.unlink()
    path.mkdir()


SPOILT: dict[str, Callable[[Path], None]] = {
    "missing": _missing,
    "empty": _empty,
    "blank": _blank,
    "unreadable": _unreadable,
}


def _spoil(how: str, name: str, folder: Path) -> None:
    SPOILT[how](folder / name)


@pytest.fixture(scope="module")
def started(session_launcher: Launcher) -> Iterator[Launched]:
    """A process with all its secrets, which serves."""
    with session_launcher.start() as process:
        establish(process.settle() is None, f"the server starts: {process.output()[-300:]}")
        yield process


@requirement("BOOT-01")
def test_without_a_required_secret_the_server_does_not_start(
    launcher: Launcher, started: Launched
) -> None:
    """With all secrets it starts; each is then spoilt in each way, one at a time."""
    establish(started.is_serving(), "the server serves with all its secrets")
    wrong: list[str] = []
    for name in launcher.channel.required_secrets:
        with ExitStack() as stack:
            attempts = {
                how: stack.enter_context(launcher.start(partial(_spoil, how, name)))
                for how in SPOILT
            }
            for how, process in attempts.items():
                code, output = process.settle(), process.output()
                if code is None or code == 0 or name not in output:
                    wrong.append(f"{name} {how}: exit code {code}, said {output[-200:]!r}")
    assert not wrong


@requirement("BOOT-01")
def test_the_error_never_holds_a_secret(launcher: Launcher) -> None:
    """One secret is missing; the others were read, and must not be told."""
    first, *others = launcher.channel.required_secrets
    values: dict[str, str] = {}

    def remove(folder: Path) -> None:
        values.update((name, (folder / name).read_text("utf-8").strip()) for name in others)
        _missing(folder / first)

    with launcher.start(remove) as process:
        establish(process.settle() is not None, "the server does not start")
        output = process.output()
    told = [name for name, value in values.items() if value in output]
    assert not told


@requirement("BOOT-05")
def test_the_server_listens_on_loopback_by_default(started: Launched) -> None:
    """Read from the kernel's socket table, for the process and its children."""
    listening = started.listening()
    establish(listening, "the process listens somewhere")
    exposed = [found for found in listening if not ipaddress.ip_address(found).is_loopback]
    assert not exposed
