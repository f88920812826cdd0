"""Streams that outlive their key: a violation where the profile says when they end, else none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import Mock

import pytest

from conformance.checks.mcp import ending
from conformance.profile.target import DeclaredLimits
from conformance.verdicts import NotAssessedError

if TYPE_CHECKING:
    from conformance.profile.target import Target

REVISION = "2025-11-25"


def required(*, has_ended: bool, **limits: Any) -> None:
    stream = Mock(**{"comes_to.return_value": has_ended})
    target = SimpleNamespace(limits=DeclaredLimits(**limits))
    ending.require_ends({REVISION: stream}, cast("Target", target), "afterwards")


def test_a_stream_that_stands_open_beyond_the_declared_seconds_is_accused() -> None:
    with pytest.raises(AssertionError, match="stands open 10 s afterwards"):
        required(has_ended=False, stream_end_seconds=10)


def test_where_no_seconds_are_declared_the_entry_is_named() -> None:
    with pytest.raises(NotAssessedError, match=r"declare \[limits\] stream_end_seconds"):
        required(has_ended=False)


@pytest.mark.parametrize("limits", [{}, {"stream_end_seconds": 10}])
def test_a_stream_that_ends_in_time_is_not_accused(limits: dict[str, int]) -> None:
    required(has_ended=True, **limits)
