"""A record as large as a full run's: every requirement of the catalogue, of every verdict."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from conformance.catalogue import requirements
from conformance.selftest.records import Line, finding, whole
from reports.kill_matrix import Kill, KillMatrix

if TYPE_CHECKING:
    from conformance.model import Requirement

_PASSES = 8
"""Of so many requirements in a row all but three pass."""
_HEADERS = "\n".join(f"x-header-{number}: {'v' * 40}" for number in range(14))


def lines(*areas: str, exchanges: int = 6) -> list[Line]:
    """Return all lines of the record, or of one of these areas alone."""
    chosen = [one for one in requirements().values() if not areas or one.area in areas]
    return whole([_finding(number, one, exchanges) for number, one in enumerate(chosen)], 1)


def matrix(mutants: int) -> KillMatrix:
    """Return a kill matrix in which each mutant is caught by what it names, but for every ninth."""
    ids = [*requirements()]
    kills = [
        Kill(
            f"a-defect-of-{name.lower()}-number-{number}",
            frozenset({name}),
            frozenset({name}) if number % 9 else frozenset({ids[0]}),
            is_exact=number % 9 > 0,
            seconds=1.0,
        )
        for number, name in enumerate((ids * mutants)[:mutants], 1)
    ]
    return KillMatrix(tuple(kills))


def _finding(number: int, entry: Requirement, exchanges: int) -> Line:
    verdict = {1: "fail", 3: "inconclusive", 5: "not assessed"}.get(number % _PASSES, "pass")
    evidence = [] if verdict == "not assessed" else [*_figures(entry.area), *_exchanges(exchanges)]
    return finding(
        entry.id,
        verdict,
        title=entry.title,
        clause=entry.clause,
        remedy=entry.remedy,
        source=entry.source,
        area_title=entry.area_title,
        severity=entry.severity.value,
        impact=entry.impact.value,
        impact_reason=entry.impact_reason,
        basis=entry.basis.value,
        crosses_tenants=entry.crosses_tenants,
        expected=entry.clause if verdict == "fail" else "",
        references=list(entry.references),
        needs=[need.value for need in entry.needs],
        missing=["clock"] if verdict == "not assessed" else [],
        sent=_sent(number),
        evidence=evidence,
    )


def _sent(number: int) -> Line:
    """Return what a requirement took, of a few kinds and sometimes of rarer ones."""
    rarer = ("PROPFIND elsewhere!", "GET health", "POST rotate_key", "POST revoke_key!")
    return {"POST mcp": number + 1, "POST mcp!": 3, "GET mcp!": 1, rarer[number % 4]: 2}


def _exchanges(count: int) -> list[Line]:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"padding": "p" * 520}})
    url = "http://127.0.0.1:9/mcp"
    return [
        {
            "kind": "exchange",
            "title": f"{number}. POST {url} → 200",
            "text": f"POST {url}\n{_HEADERS}\n\n{body}\n\n→ 200\n{_HEADERS}\n\n{body}",
        }
        for number in range(1, count + 1)
    ]


def _figures(area: str) -> list[Line]:
    made = {"TIME": _times, "RATE": _admission, "RLS": _isolation}.get(area)
    if made is None:
        return []
    kind = {"TIME": "timing", "RATE": "admission", "RLS": "isolation"}[area]
    return [{"kind": kind, "title": "a figure", "text": json.dumps(made())}]


def _times() -> Line:
    pair = {"pair": ["missing", "invalid"], "shift": [-4.0, 1.0, 6.0], "outcome": "same"}
    look = {"blocks": 250, "tolerance": 25.0, "wide": 50.0, "outcome": "same", "pairs": [pair]}
    counts = [[abs(40 - abs(bin_ - place)) for bin_ in range(80)] for place in (30, 32)]
    return {
        "looks": [look] * 6,
        "medians": {"missing": 700.0, "invalid": 701.0},
        "histogram": {
            "start": 600.0,
            "width": 5.0,
            "counts": dict(zip(("missing", "invalid"), counts, strict=True)),
        },
    }


def _admission() -> Line:
    return {
        "limit": 300,
        "window": 60,
        "ms": list(range(0, 6020, 20)),
        "outcomes": "a" * 300 + "l",
    }


def _isolation() -> Line:
    tables = ["metric_cache", "oauth_states", "platform_credentials", "sync_log"]
    return {
        "readers": ["tenant A", "tenant B"],
        "owners": ["tenant A", "tenant B", "any other tenant"],
        "tables": 4,
        "counts": [[4, 1, 0], [0, 4, 0]],
        "names": [[tables, ["sync_log"], []], [[], tables, []]],
    }
