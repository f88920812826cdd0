"""The official conformance runner against the reference server: what applies passes.

The runner has a server of its own in mind, whose tools, prompts and resources it asks for by name,
and no option for a header. A small proxy adds the key; what does not apply is listed, with the
reason. A scenario that is new, or fails where it did not, must be looked at.
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

APPLIES = {
    "server-initialize",
    "server-session-lifecycle",
    "ping",
    "tools-list",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
    "http-header-validation",
    "input-required-result-unsupported-methods",
}
PARTLY = {
    "server-stateless": {
        "sep-2575-server-rejects-undeclared-capability",  # tool test_missing_capability
        "sep-2575-missing-capability-http-400",  # the same
        "sep-2575-http-server-no-independent-requests-on-stream",  # test_streaming_elicitation
        "sep-2575-server-no-log-without-loglevel",  # tool test_logging_tool
    },
    "caching": {
        "sep-2549-prompts-list-caching-hints",  # the server has no prompts
        "sep-2549-resources-list-caching-hints",  # nor resources
        "sep-2549-resources-templates-list-caching-hints",
    },
}
"""Scenarios that apply but for some checks, each with what it lacks."""
_TOOL = "asks for a tool of the runner's own"
_PROMPTS, _RESOURCES = "the server has no prompts", "the server has no resources"
_TASKS, _SKILLS = "the extension for tasks is not offered", "the one for skills is not offered"
_INPUT = "no tool of the server asks its caller for input"
NOT_APPLICABLE = {
    "logging-set-level": "the server sends no log to its callers",
    "completion-complete": "the server completes no arguments",
    "tools-call-simple-text": _TOOL,
    "tools-call-image": _TOOL,
    "tools-call-audio": _TOOL,
    "tools-call-embedded-resource": _TOOL,
    "tools-call-mixed-content": _TOOL,
    "tools-call-with-logging": _TOOL,
    "tools-call-error": _TOOL,
    "tools-call-with-progress": _TOOL,
    "tools-call-sampling": _TOOL,
    "tools-call-elicitation": _TOOL,
    "json-schema-2020-12": _TOOL,
    "elicitation-sep1034-defaults": _TOOL,
    "elicitation-sep1330-enums": _TOOL,
    "server-sse-polling": _TOOL,
    "http-custom-header-server-validation": "no tool takes an argument from a header",
    "resources-list": _RESOURCES,
    "resources-read-text": _RESOURCES,
    "resources-read-binary": _RESOURCES,
    "resources-templates-read": _RESOURCES,
    "resources-subscribe": _RESOURCES,
    "resources-unsubscribe": _RESOURCES,
    "sep-2164-resource-not-found": _RESOURCES,
    "prompts-list": _PROMPTS,
    "prompts-get-simple": _PROMPTS,
    "prompts-get-with-args": _PROMPTS,
    "prompts-get-embedded-resource": _PROMPTS,
    "prompts-get-with-image": _PROMPTS,
    "sep-2640-skills-directory": _SKILLS,
    "sep-2640-skills-enumeration": _SKILLS,
    "sep-2640-skills-manifest": _SKILLS,
    "tasks-lifecycle": _TASKS,
    "tasks-capability-negotiation": _TASKS,
    "tasks-wire-fields": _TASKS,
    "tasks-request-state-removal": _TASKS,
    "tasks-mrtr-input": _TASKS,
    "tasks-request-headers": _TASKS,
    "tasks-dispatch-and-envelope": _TASKS,
    "tasks-status-notifications": _TASKS,
    "tasks-required-task-error": _TASKS,
    "tasks-mrtr-composition": _TASKS,
    "input-required-result-basic-elicitation": _INPUT,
    "input-required-result-basic-sampling": _INPUT,
    "input-required-result-basic-list-roots": _INPUT,
    "input-required-result-request-state": _INPUT,
    "input-required-result-multiple-input-requests": _INPUT,
    "input-required-result-multi-round": _INPUT,
    "input-required-result-missing-input-response": _INPUT,
    "input-required-result-non-tool-request": _INPUT,
    "input-required-result-result-type": _INPUT,
    "input-required-result-tampered-state": _INPUT,
    "input-required-result-capability-check": _INPUT,
    "input-required-result-ignore-extra-params": _INPUT,
    "input-required-result-validate-input": _INPUT,
}

Checks = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def checks(node: str, state: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Checks:
    """Every check of every server scenario, by scenario."""
    folder = tmp_path_factory.mktemp("runner")
    served = urlsplit(str(state["url"]))
    with adding("X-Api-Key", state["tenants"]["a"]["key"], served.port or 0) as proxy:
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


def test_every_scenario_is_either_asked_for_or_argued_away(checks: Checks) -> None:
    assert set(checks) == APPLIES | set(PARTLY) | set(NOT_APPLICABLE)


@pytest.mark.parametrize("scenario", sorted(APPLIES))
def test_each_scenario_that_applies_passes(checks: Checks, scenario: str) -> None:
    assert with_status(checks[scenario], "FAILURE") == set()
    assert with_status(checks[scenario], "SUCCESS")


@pytest.mark.parametrize("scenario", list(PARTLY))
def test_what_applies_of_a_scenario_passes(checks: Checks, scenario: str) -> None:
    assert with_status(checks[scenario], "FAILURE") == PARTLY[scenario]
    assert with_status(checks[scenario], "SUCCESS")
