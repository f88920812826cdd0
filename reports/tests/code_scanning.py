"""Code scanning as GitHub documents it, as far as opening and closing alerts goes.

An upload replaces what its category held. An alert, known by its fingerprint, is open while any
category of the tool holds it.
"""

from __future__ import annotations

import json
from functools import cache

MOST_RUNS = 20


class CodeScanning:
    """The alerts of one branch."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, str]] = {}

    @property
    def open(self) -> set[str]:
        """The rules of the open alerts."""
        return {rule for held in self._held.values() for rule in held.values()}

    def upload(self, text: str | None) -> None:
        """Take a file; nothing happens without one. Raises ValueError for one it would refuse."""
        if text is not None:
            self._held |= _read(text)


@cache
def _read(text: str) -> dict[str, dict[str, str]]:
    runs = json.loads(text)["runs"]
    if not 0 < len(runs) <= MOST_RUNS:
        raise ValueError(f"{len(runs)} runs in a file")
    categories = [run["automationDetails"]["id"].rpartition("/")[0] for run in runs]
    if len(set(categories)) < len(categories) or not all(categories):
        raise ValueError(f"categories are absent or stand twice: {categories}")
    return {
        category: {
            result["partialFingerprints"]["primaryLocationLineHash"]: result["ruleId"]
            for result in run["results"]
        }
        for category, run in zip(categories, runs, strict=True)
    }
