"""What [tools] ping tells of its caller, and what the profile says it does not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import KEYS, Good, serving

if TYPE_CHECKING:
    from pathlib import Path

TENANT_ALONE = "[fields.results]\nok = false\n"
NO_REQUEST = f"{TENANT_ALONE}request_id = false\n"


class Remembers(Good):
    """Tells everybody the tenant that asked first."""

    def tenant(self) -> str | None:
        """Return tenant A's name for any known key."""
        found = super().tenant()
        return found and min(KEYS.values())


@pytest.mark.parametrize(
    ("server", "fields", "verdict"),
    [
        (Good, TENANT_ALONE, "not assessed"),
        (Good, NO_REQUEST, "pass"),
        (Remembers, NO_REQUEST, "fail"),
        (Good, f"{NO_REQUEST}tenant = false\n", "not assessed"),
    ],
)
def test_a_request_id_that_there_is_not_leaves_the_tenant_to_be_judged(
    tmp_path: Path, server: type[Good], fields: str, verdict: str
) -> None:
    with serving(server) as url:
        words = (f"--target={url}", "--requirement=MCP-02")
        found = judge(tmp_path, *words, profile=f"{PROFILE}{fields}")
    assert found.verdicts == {"MCP-02": verdict}, found.output
    wants_header = "[headers] request_id" in found.output
    assert wants_header == (fields == TENANT_ALONE), found.output
