"""What the checks of tokens share: who was let in, and how it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.channels.http.answer import Answer
    from conformance.forge.jwt.corpus import Case

_SHOWN = 12
"""Cases that are named of those that were let in."""


def let_in(answers: Iterable[tuple[Case, Answer]]) -> list[str]:
    """Return the cases that the target has answered as it answers whom it knows."""
    return [case.comment for case, answer in answers if answer.executed]


def listed(found: list[str]) -> str:
    """Return some cases in one line, with how many there are besides."""
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(found[:_SHOWN]) + more
