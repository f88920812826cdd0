"""BLOCK on targets that refuse whoever is blocked in words of their own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, ClassVar

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 4
DECLARED = f"{PROFILE}\n[limits]\nauth_failures = {LIMIT}\n"
JUDGED = "--requirement=BLOCK-01,BLOCK-02,BLOCK-06,BLOCK-07"


class Blocks(Good):
    """Refuses an address that has failed, as it refuses a wrong key."""

    failures: ClassVar[Counter[str]]

    def is_blocked(self) -> bool:
        """Tell whether the address has failed too often."""
        return self.failures[self.client_address[0]] >= LIMIT

    def refuse_for_the_block(self) -> None:
        """Say what a wrong key is told."""
        super().refuse()

    def refuse(self) -> None:
        """Count a failure."""
        self.failures[self.client_address[0]] += 1
        super().refuse()

    def answer(self) -> None:
        """Ask for the block first."""
        if self.is_blocked():
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.refuse_for_the_block()
        else:
            super().answer()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer


class TellsWhen(Blocks):
    """Tells it by 429, and when to come again."""

    def refuse_for_the_block(self) -> None:
        """Name the hour."""
        self.reply(429, {"error": "too many failures"}, {"Retry-After": "3600"})


class Forbids(Blocks):
    """Tells it by 403."""

    def refuse_for_the_block(self) -> None:
        """Forbid it."""
        self.reply(403, {"error": "blocked"})


class LimitsWrongKeysAlone(TellsWhen):
    """Answers 429 to wrong keys, and lets a right one in."""

    def is_blocked(self) -> bool:
        """Look at the key first."""
        return super().is_blocked() and self.tenant() is None


class BlocksEverybody(TellsWhen):
    """Blocks all addresses for what one of them has done."""

    def is_blocked(self) -> bool:
        """Count them together."""
        return self.failures.total() >= LIMIT


FREE = {"BLOCK-01": "pass", "BLOCK-02": "pass", "BLOCK-06": "pass"}


@pytest.mark.parametrize(
    ("kind", "verdicts"),
    [
        (Blocks, {**FREE, "BLOCK-07": "pass"}),
        (TellsWhen, {**FREE, "BLOCK-07": "fail"}),
        (Forbids, {**FREE, "BLOCK-07": "fail"}),
        (LimitsWrongKeysAlone, {"BLOCK-01": "fail", "BLOCK-02": "fail"}),
    ],
)
def test_a_block_is_whatever_refuses_a_right_key_there_alone(
    kind: type[Blocks], verdicts: dict[str, str], tmp_path: Path
) -> None:
    kind.failures = Counter()
    with serving(kind) as url:
        judged = judge(tmp_path, f"--target={url}", JUDGED, profile=DECLARED)
    assert {**judged.verdicts, **verdicts} == judged.verdicts, judged.output


def test_what_refuses_everybody_is_no_block_of_an_address(tmp_path: Path) -> None:
    BlocksEverybody.failures = Counter()
    with serving(BlocksEverybody) as url:
        words = (f"--target={url}", "--requirement=BLOCK-02")
        judged = judge(tmp_path, *words, profile=DECLARED)
    assert judged.verdicts == {"BLOCK-02": "inconclusive"}, judged.output
