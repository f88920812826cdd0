"""BOOT, continued: secrets that everybody knows."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from conformance.channels.programs.launch import settle_watched
from conformance.forge.jwt.corpus import long_defaults
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.channels.programs.launch import Launched, Launcher

LEAST = 32
"""Bytes of a random secret that stands in for another."""


@requirement("BOOT-08")
def test_a_signing_secret_that_everybody_knows_is_refused(launcher: Launcher) -> None:
    """With a random secret of that length the server serves: the sample alone explains a refusal.

    Each secret has its share of the samples, one at a time.
    """
    names = launcher.channel.signing_secrets
    if not names:
        raise NotAssessedError(
            "supply the profile's channels.launch.signing_secrets: the secrets that sign",
            Channel.LAUNCH,
        )
    free = _exchangeable(launcher, names)
    establish(free, "with a random secret in the place of one that signs the server serves")
    tried = [(free[at % len(free)], sample) for at, sample in enumerate(long_defaults())]
    taken: list[str] = []
    with ExitStack() as stack:
        started = [
            (name, sample, stack.enter_context(launcher.start(partial(_exchange, name, sample))))
            for name, sample in tried
        ]
        settle_watched([process for *_, process in started])
        taken = [
            f"{name} {sample!r} ({process.ending()})"
            for name, sample, process in started
            if not _is_refused(process, name)
        ]
    assert not taken, (
        "with a secret that stands in documentation the server did not end with an error that "
        f"names it: {'; '.join(taken)}"
    )


def _exchangeable(launcher: Launcher, names: tuple[str, ...]) -> list[str]:
    """Return the secrets with which the server starts that were drawn anew."""
    with ExitStack() as stack:
        started = {
            name: stack.enter_context(
                launcher.start(partial(_exchange, name, secrets.token_urlsafe(LEAST)))
            )
            for name in names
        }
        settle_watched([*started.values()])
        return [name for name, process in started.items() if process.settle() is None]


def _exchange(name: str, secret: str, folder: Path) -> None:
    (folder / name).write_text(secret, "utf-8")


def _is_refused(process: Launched, name: str) -> bool:
    code = process.settle(may_be_half_open=True)
    return code not in {None, 0} and name in process.output()
