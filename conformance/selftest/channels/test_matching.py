"""A pattern of the profile's gives the entries of a line, and hangs nobody."""

from __future__ import annotations

import pytest

from conformance.channels.matching import LONGEST, entries_of
from conformance.verdicts import NotEstablishedError

ENTRY = "[fields.log] pattern"


def test_the_named_groups_are_the_entries() -> None:
    pattern = r"(?P<time>\S+) (?P<level>\w+)(?: \[(?P<request_id>\w+)\])?: (.*)"
    lines = ["now info [abc]: asked", "now info: started", "Traceback (most recent call last):", ""]
    assert entries_of(pattern, lines, ENTRY) == [
        {"time": "now", "level": "info", "request_id": "abc"},
        {"time": "now", "level": "info"},
        None,
        None,
    ]


def test_a_pattern_that_tries_every_split_is_ended_and_named() -> None:
    with pytest.raises(NotEstablishedError, match=r"\[fields.log\] pattern took longer than 0.5 s"):
        entries_of(r"(?P<level>(a+)+)$", ["a" * 40 + "!"], ENTRY, seconds=0.5)


def test_of_a_line_without_end_the_beginning_is_looked_at() -> None:
    (found,) = entries_of(r"(?P<all>.*)", ["x" * (LONGEST + 100)], ENTRY)
    assert found is not None
    assert len(found["all"]) == LONGEST
