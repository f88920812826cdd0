"""Defects of what tools answer beyond the first page, and of answers kept by their arguments."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from reference_server.mutants.bending import mutant, with_tool
from reference_server.tools.account_health import AccountHealth
from reference_server.tools.list_metrics import ListMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller

_KEPT_SECONDS = 30.0
_PAGED: dict[str, Any] = {
    "type": "object",
    "properties": {"pageToken": {"type": "string"}},
    "additionalProperties": False,
}


def _rows(caller: Caller) -> list[Any]:
    return [*ListMetrics().run({}, caller)["metrics"]]


def _paged(further: Callable[[Caller, str, dict[str, list[Any]]], list[Any]]) -> Any:
    """Return a change of parts that lists all on one page, and leads to a further one."""

    def change(parts: Parts) -> Parts:
        shown: dict[str, list[Any]] = {}

        def run(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
            place = arguments.get("pageToken")
            if place is not None:
                return {"metrics": further(caller, str(place), shown)}
            tenant = caller.principal.tenant_id
            shown[str(tenant)] = rows = _rows(caller)
            return {"metrics": rows, "nextPageToken": f"after-{tenant}"}

        return with_tool("list_metrics", run, _PAGED)(parts)

    return change


def _everybodys(caller: Caller, place: str, shown: dict[str, list[Any]]) -> list[Any]:
    del caller, place
    return [row for rows in shown.values() for row in rows]


def _by_the_place(caller: Caller, place: str, shown: dict[str, list[Any]]) -> list[Any]:
    del caller
    return shown.get(place.removeprefix("after-"), [])


def _kept_by_arguments(parts: Parts) -> Parts:
    """Keep an account's figures for a while, under what was asked and not under who did."""
    kept: dict[str, tuple[float, Mapping[str, Any]]] = {}

    def run(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        asked = repr(sorted(arguments.items()))
        if asked in kept and time.monotonic() < kept[asked][0]:
            return kept[asked][1]
        found = {**AccountHealth().run(arguments, caller), "of": _rows(caller)}
        kept[asked] = time.monotonic() + _KEPT_SECONDS, found
        return found

    return with_tool("get_account_health", run)(parts)


MUTANTS = (
    mutant(
        "further-page-of-everybody",
        "RLS-08",
        "A tool's further page is of a query that leaves out whose rows they are.",
        parts=_paged(_everybodys),
    ),
    mutant(
        "place-names-the-tenant",
        "RLS-08",
        "A tool's page is its owner's whose place is shown, whoever shows it.",
        parts=_paged(_by_the_place),
    ),
    mutant(
        "answer-kept-by-its-arguments",
        "RLS-08",
        "A tool's answer is kept under its arguments, and given to whoever asks the same.",
        parts=_kept_by_arguments,
    ),
)
