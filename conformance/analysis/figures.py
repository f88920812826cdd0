"""The data of what a report can draw: what a limit let through and when, who saw whose rows."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.transcript import Transcript

ADMISSION, ISOLATION = "admission", "isolation"
"""Kinds of evidence, by which a report knows the form."""
_MOST_NAMES = 8
_OTHERS = "any other tenant"


def draw_admissions(
    transcript: Transcript, answers: Sequence[Answer], limit: int, window_seconds: int
) -> None:
    """Note when each request was answered, in ms since the first was sent, and how.

    ``outcomes`` has a letter a request: ``a`` for admitted, ``l`` for limited, ``o`` for neither.
    """
    if not answers:
        return
    first = min(answer.started for answer in answers)
    moments = [(answer.started - first + answer.seconds, _letter(answer)) for answer in answers]
    moments.sort()
    data = {
        "limit": limit,
        "window": window_seconds,
        "ms": [round(moment * 1000) for moment, _ in moments],
        "outcomes": "".join(letter for _, letter in moments),
    }
    transcript.figure("what the limit let through", data, kind=ADMISSION)


def draw_isolation(
    transcript: Transcript,
    seen: Mapping[str, Mapping[str, Collection[str]]],
    names: Mapping[str, str],
) -> None:
    """Note in how many tables, and in which first, each reader saw rows of each owner.

    ``seen`` has for each reader and table the ids of the tenants whose rows were there; ``names``
    has what to call each known tenant by its id.
    """
    owners = [*names.values(), _OTHERS]
    cells = [[_tables(tables, names, owner) for owner in owners] for tables in seen.values()]
    data: dict[str, Any] = {
        "readers": list(seen),
        "owners": owners,
        "tables": max((len(tables) for tables in seen.values()), default=0),
        "counts": [[len(found) for found in row] for row in cells],
        "names": [[found[:_MOST_NAMES] for found in row] for row in cells],
    }
    transcript.figure("who saw whose rows", data, kind=ISOLATION)


def _letter(answer: Answer) -> str:
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return "l"
    return "a" if answer.succeeded else "o"


def _tables(
    tables: Mapping[str, Collection[str]], names: Mapping[str, str], owner: str
) -> list[str]:
    return sorted(
        table
        for table, tenants in tables.items()
        if any(names.get(tenant, _OTHERS) == owner for tenant in tenants)
    )
