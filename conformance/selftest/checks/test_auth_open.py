"""A server that lets everybody in is accused of that, and not of what leads past a door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.sessions import Sessions
from conformance.selftest.targets import Good, OpenToAll, serving

if TYPE_CHECKING:
    from pathlib import Path

OPEN = {"AUTH-01", "AUTH-03", "AUTH-04", "AUTH-11", "AUTH-12"}
PAST_THE_DOOR = {"AUTH-02", "AUTH-08", "AUTH-09", "AUTH-10", "AUTH-18", "AUTH-21"}
"""What says that a blank, a place, a second key, a spelling or a route makes a difference."""


class WithSessions(Sessions):
    """Serves whoever comes, each in a session of another id."""

    def tenant(self) -> str | None:
        """Take everybody for tenant A."""
        return "tenant-a"


@pytest.mark.parametrize("server", [OpenToAll, WithSessions])
def test_where_there_is_no_door_nothing_is_said_to_lead_past_it(
    tmp_path: Path, server: type[Good]
) -> None:
    with serving(server) as url:
        words = (f"--target={url}", f"--requirement={','.join(sorted(OPEN | PAST_THE_DOOR))}")
        found = judge(tmp_path, *words, profile=PROFILE)
    expected = dict.fromkeys(OPEN, "fail") | dict.fromkeys(PAST_THE_DOOR, "inconclusive")
    assert found.verdicts == expected, found.output
