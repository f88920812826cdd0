"""BLOCK-01 on servers that make something of several keys in one request."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, ClassVar

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import KEYS, Good, serving

if TYPE_CHECKING:
    from pathlib import Path

FAILURES = 3
BLOCKING = f"{PROFILE}[limits]\nauth_failures = {FAILURES}\n"


class Blocks(Good):
    """Blocks an address after so many failures; of several keys the first is believed."""

    failures: ClassVar[Counter[str]]

    def tried(self) -> list[str]:
        """Return what is tried, in turn, of the keys of a request."""
        return self.keys()[:1]

    def keys(self) -> list[str]:
        """Return the keys of a request, in whatever form."""
        values = self.headers.get_all("X-Api-Key") or []
        return [key for value in values for key in re.split("[,; ]+", value) if key]

    def tenant(self) -> str | None:
        """Count one failure a request, unless the address is blocked."""
        address = self.client_address[0]
        if self.failures[address] >= FAILURES:
            return None
        found = next((KEYS[key] for key in self.tried() if key in KEYS), None)
        self.failures[address] += found is None
        return found


class BelievesTheLast(Blocks):
    """Believes the last one."""

    def tried(self) -> list[str]:
        """Return the last."""
        return self.keys()[-1:]


class TriesEach(Blocks):
    """Tries one after another."""

    def tried(self) -> list[str]:
        """Return all."""
        return self.keys()


class TriesEachHeader(TriesEach):
    """Tries each header, and takes none apart."""

    def keys(self) -> list[str]:
        """Return the headers."""
        return self.headers.get_all("X-Api-Key") or []


class CountsEach(TriesEach):
    """Counts each that it tries."""

    def tried(self) -> list[str]:
        """Return no more than may still fail."""
        return self.keys()[:FAILURES]


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        (Blocks, "pass"),
        (BelievesTheLast, "pass"),
        (CountsEach, "pass"),
        (TriesEach, "fail"),
        (TriesEachHeader, "fail"),
    ],
)
def test_only_who_tries_each_of_several_keys_is_accused(
    kind: type[Blocks], verdict: str, tmp_path: Path
) -> None:
    kind.failures = Counter()
    with serving(kind) as url:
        words = (f"--target={url}", "--requirement=BLOCK-01")
        judged = judge(tmp_path, *words, profile=BLOCKING)
    assert judged.verdicts == {"BLOCK-01": verdict}, judged.output
