"""The official conformance runner against the reference server: all of its scenarios.

The runner asks for tools, prompts and resources of its own by name, which `demo --everything` adds,
and has no option for a header. A small proxy adds the key. A scenario that is new, or fails where
it did not, must be looked at.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from reference_server.tests.interop.key_proxy import adding

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent
RUNNER = HERE / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
SECONDS = 300
_FOLDER = re.compile(r"server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z")

NOT_APPLICABLE = {
    "tasks-status-notifications": "optional, and the runner skips it until it listens elsewhere",
}
SCENARIOS = 65
"""Of the runner's release in `package-lock.json`: with another, see what is new."""
ONLY_ADVICE = {"sep-2164-data-uri"}
"""Of what is only recommended: the URI of an unknown resource is not told again, so that the answer
is to the byte what it is for another tenant's."""

Checks = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def checks(
    node: str, everything: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Checks:
    """Every check of every server scenario, by scenario."""
    folder = tmp_path_factory.mktemp("runner")
    served = urlsplit(str(everything["url"]))
    with adding("X-Api-Key", everything["tenants"]["a"]["key"], served.port or 0) as proxy:
        url = f"http://127.0.0.1:{proxy}{served.path}"
        words = [node, str(RUNNER), "server", "--url", url, "--suite", "all", "-o", str(folder)]
        # Its exit code counts what does not apply, too.
        subprocess.run(words, cwd=folder, capture_output=True, timeout=SECONDS, check=False)
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in folder.iterdir():
        name = _FOLDER.fullmatch(path.name)
        assert name is not None, path.name
        found[name[1]] += json.loads((path / "checks.json").read_text("utf-8"))
    return found


def with_status(checks: list[dict[str, Any]], status: str) -> set[str]:
    return {check["id"] for check in checks if check["status"] == status}


def test_all_scenarios_were_run(checks: Checks) -> None:
    assert len(checks) == SCENARIOS
    assert set(NOT_APPLICABLE) < set(checks)


def test_each_scenario_that_applies_passes(checks: Checks) -> None:
    for scenario in set(checks) - set(NOT_APPLICABLE):
        assert with_status(checks[scenario], "FAILURE") == set(), scenario
        assert with_status(checks[scenario], "SKIPPED") == set(), scenario
        assert with_status(checks[scenario], "WARNING") <= ONLY_ADVICE, scenario
        assert with_status(checks[scenario], "SUCCESS"), scenario
