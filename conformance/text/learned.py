"""Secrets that a target hands out during a run: known from then on, and never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.text.redaction import Redactor

LONGEST_SECRET = 4096
"""Characters of a key or an OAuth state. No header or query that is longer passes most servers."""


def learn(redactor: Redactor, secret: str, what: str) -> None:
    """Have a secret redacted from now on. NotEstablishedError for one that is too long to be one.

    All that is written is searched for every secret in every spelling and for its parts: what a
    target makes of many kilobytes would cost minutes. The start of a longer one is redacted still.
    """
    redactor.learn(secret[:LONGEST_SECRET], what)
    establish(
        len(secret) <= LONGEST_SECRET,
        f"the {what} has at most {LONGEST_SECRET} characters (this one has {len(secret)})",
    )
