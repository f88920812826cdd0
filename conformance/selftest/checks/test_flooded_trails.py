"""AUD-16 on targets that count refusals in ways of their own, in a trail of JSON lines."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

import pytest

from conformance.selftest.checks.test_block_words import LIMIT, Blocks
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path

OWN = 10
"""Refusals of an address that have lines of their own."""
STEP = 50
"""Refusals that one line counts."""
NAMES = f"""{PROFILE}
[not_applicable]
"AUD-16:test_what_a_limited_address_adds_is_bounded_and_counted" = "it has no such limit"
[headers]
request_id = "X-Trace"
[limits]
auth_failures = {LIMIT}
audited_refusals = {OWN}
refusals_told_seconds = 1
[events]
auth_failure = "who"
address_blocked = "shut"
block_engaged = false
[fields.trail]
order = "n"
created_at = false
event = "what"
outcome = false
tenant = false
identity = false
address = "from"
request_id = "trace"
metadata = "more"
"""


class Writes(Blocks):
    """Writes a line for each refusal, as long as it has not counted enough of one address."""

    trail: ClassVar[Path]
    lines: ClassVar[Counter[str]]
    lock: ClassVar[threading.Lock] = threading.Lock()  # bounded: held for a line

    def refuse_for_the_block(self) -> None:
        """Note it first, and name the request in the answer."""
        self.note("shut")

    def refuse(self) -> None:
        """Note a wrong key."""
        if self.is_blocked():
            self.refuse_for_the_block()
        else:
            self.failures[self.client_address[0]] += 1
            self.note("who")

    def note(self, what: str) -> None:
        """Write what is to be written, then answer."""
        trace = str(uuid4())
        with self.lock:
            self.lines[self.client_address[0]] += 1
            for more in self.told(self.lines[self.client_address[0]]):
                row = {"n": self.lines.total(), "what": what, "from": self.client_address[0]}
                own = {"trace": trace} if not more or more.pop("own", False) else {}
                with self.trail.open("a") as lines:
                    lines.write(json.dumps({**row, **own, "more": more}) + "\n")
        self.reply(401, self.refusal, {"X-Trace": trace})

    def told(self, number: int) -> list[dict[str, Any]]:
        """Return what is written of the refusal of that number from an address."""
        del number
        return [{}]


class Counts(Writes):
    """Has a line for each of the first, and then one for so many."""

    def told(self, number: int) -> list[dict[str, Any]]:
        """Count in steps; the flood of the check ends with one."""
        if number <= OWN:
            return [{}]
        return [{"count": STEP}] if (number - OWN) % STEP == 0 else self.rest(number)

    def rest(self, number: int) -> list[dict[str, Any]]:
        """Tell what is left at the check's last request."""
        left = (number - OWN) % STEP
        return [{"count": left}] if number == LIMIT + 3 + 2 * OWN + 200 else []


class CountsInItsOwnWords(Counts):
    """Names the count otherwise, and beside another number."""

    def told(self, number: int) -> list[dict[str, Any]]:
        """Rename it."""
        return [
            {"times": {"seen": more["count"]}, "port": 443} if more else more
            for more in super().told(number)
        ]


class CountsFromItsOwnRequest(Counts):
    """A line that counts has the id of the last request, which it counts, too."""

    def told(self, number: int) -> list[dict[str, Any]]:
        """Add the id."""
        return [{**more, "own": True} if more else more for more in super().told(number)]


class CountsTooFew(Counts):
    """Forgets one in each step."""

    def told(self, number: int) -> list[dict[str, Any]]:
        """Take one away."""
        return [{"count": more["count"] - 1} if more else more for more in super().told(number)]


class ForgetsTheRest(Counts):
    """Has lines for the first ones alone."""

    def told(self, number: int) -> list[dict[str, Any]]:
        """Return a line, or none."""
        return [{}] if number <= OWN else []


@pytest.mark.parametrize(
    ("kind", "verdict", "words"),
    [
        (Writes, "fail", "223 refusals of one address added 223 rows"),
        (Counts, "pass", ""),
        (CountsInItsOwnWords, "pass", ""),
        (CountsFromItsOwnRequest, "pass", ""),
        (CountsTooFew, "fail", "rows that count tell of [49, 49, 49, 49, 16]"),
        (ForgetsTheRest, "fail", "6 have rows of their own, and rows that count tell of []"),
    ],
)
def test_refusals_are_counted_in_whatever_form(
    kind: type[Writes], verdict: str, words: str, tmp_path: Path
) -> None:
    kind.failures, kind.lines = Counter(), Counter()
    kind.trail = tmp_path / "trail.jsonl"
    kind.trail.touch()
    profile = f'{NAMES}[channels.auditor]\nfile = "{kind.trail}"\n'
    with serving(kind) as url:
        judged = judge(tmp_path, f"--target={url}", "--requirement=AUD-16", profile=profile)
    assert judged.verdicts == {"AUD-16": verdict}, judged.output
    assert words in str(judged.lines)


def test_without_a_promise_nothing_is_judged(tmp_path: Path) -> None:
    Writes.failures, Writes.lines = Counter(), Counter()
    Writes.trail = tmp_path / "trail.jsonl"
    Writes.trail.touch()
    unsaid = NAMES.replace(f"audited_refusals = {OWN}\n", "")
    profile = f'{unsaid}[channels.auditor]\nfile = "{Writes.trail}"\n'
    with serving(Writes) as url:
        judged = judge(tmp_path, f"--target={url}", "--requirement=AUD-16", profile=profile)
    assert judged.verdicts == {"AUD-16": "not assessed"}, judged.output
    assert "[limits] audited_refusals" in judged.output
