"""What a health route may tell is the profile's: nobody has to use our names for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

ROUTE = f'{PROFILE}\n[routes]\nhealth = "/health"\n'
STATUS_ALONE = '[fields.health]\nok = "status"\nversion = false\nuptime = false\n'


class Healthy(Good):
    """Says that it lives, in a word."""

    told: ClassVar[dict[str, Any]] = {"status": "UP"}

    def answer(self) -> None:
        """Tell anybody who asks for the route."""
        if self.path == "/health":
            self.reply(200, self.told)
        else:
            super().answer()

    do_GET = answer


class TellsItsHost(Healthy):
    """Says besides on which host it runs."""

    told: ClassVar[dict[str, Any]] = {"status": "UP", "host": "db-7.internal"}


class SaysNothing(Healthy):
    """Names the field, and puts nothing into it."""

    told: ClassVar[dict[str, Any]] = {"status": ""}


@pytest.mark.parametrize(
    ("server", "fields", "verdict"),
    [
        (Healthy, "", "not assessed"),
        (Healthy, STATUS_ALONE, "pass"),
        (TellsItsHost, STATUS_ALONE, "fail"),
        (SaysNothing, STATUS_ALONE, "fail"),
    ],
)
def test_what_the_health_route_tells_is_held_against_the_profile(
    tmp_path: Path, server: type[Healthy], fields: str, verdict: str
) -> None:
    with serving(server) as url:
        words = (f"--target={url}", "--requirement=OPS-01")
        found = judge(tmp_path, *words, profile=ROUTE + fields)
    assert found.verdicts == {"OPS-01": verdict}, found.output
    assert ("[fields.health]" in found.output) == (verdict == "not assessed"), found.output
