"""Scanners by their agents, and clients that only resemble them."""

from __future__ import annotations

import time

import pytest

from reference_server.core.settings import USUAL_AGENTS
from reference_server.scanner.agents import NO_AGENT, ScannerAgents
from reference_server.scanner.tables import CLIENTS, TOOLS

TABLE = ScannerAgents(allowed=USUAL_AGENTS, shortest=10, oldest=120)
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{} Safari"


def test_more_than_twenty_tools_are_known() -> None:
    assert len(set(TOOLS)) > 20


@pytest.mark.parametrize("tool", TOOLS)
def test_each_tool_is_refused(tool: str) -> None:
    assert TABLE.refuses([f"Mozilla/5.0 (compatible; {tool.title()} 1.0)"])


@pytest.mark.parametrize(("name", "length"), CLIENTS.items())
def test_a_generic_client_is_refused_below_its_length(name: str, length: int) -> None:
    assert TABLE.refuses([f"{name}/1".ljust(length - 1, ".")])
    assert not TABLE.refuses([f"{name}/1".ljust(length, ".")])


@pytest.mark.parametrize(
    "agents",
    [
        [],
        [""],
        ["   "],
        ["123456789"],
        ["Mozilla/5.0"],
        [" mozilla/5.0 "],
        ["ZAP 2.14.0 proxy"],
        ["curl/8.9.1"],
        [CHROME.format("119.0.0.0")],
        [CHROME.format("99.0.4844.51")],
        [CHROME.format("9")],
        ["Mozilla/5.0 (X11; Linux x86_64; rv:119.0) Gecko/20100101 Firefox/119.0"],
        ["Mozilla/5.0 HeadlessChrome/88.0"],
        [CHROME.format("140.0.0.0"), "sqlmap/1.8"],
        ["node", "nikto/2.5.0"],
        ["Node"],
        ["curl/8.9.1 node"],
    ],
)
def test_scanners_are_refused(agents: list[str]) -> None:
    assert TABLE.refuses(agents)


@pytest.mark.parametrize(
    "agent",
    [
        "1234567890",
        CHROME.format("120.0.0.0"),
        CHROME.format("1000.0"),
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Zapier/1.0 (MCP)",
        "Snowflake Cortex/1.0",
        "unmapped/1.0",
        "curl/8.9.1 (acme-backup)",
        *("node", "Bun/1.3.0", "Go-http-client/1.1"),
    ],
)
def test_clients_pass(agent: str) -> None:
    assert not TABLE.refuses([agent])


def test_a_request_without_an_agent_passes_where_that_is_allowed() -> None:
    table = ScannerAgents(allowed=(NO_AGENT,), shortest=10, oldest=120)
    assert not table.refuses([])
    assert not table.refuses([" "])
    assert table.refuses(["short"])


def test_an_agent_without_end_costs_no_time() -> None:
    began = time.perf_counter()
    for agent in ("Chrome/" * 30_000, "Chrome/" + "9" * 200_000, " " * 200_000, "zap" * 60_000):
        TABLE.refuses([agent])
    assert time.perf_counter() - began < 1
