"""Defects of errors that tell how the server is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import mutant
from reference_server.mutants.benign.edge import json_rewritten

if TYPE_CHECKING:
    from reference_server.mutants.benign.edge import Reply

_MALFORMED = (-32700, -32600)
_TRACE = (
    'Traceback (most recent call last):\n  File "/srv/app/gate.py", line 31, in read\nValueError'
)


def _with_its_trace(body: Any, reply: Reply) -> Any:
    """Say of a message that cannot be read where the server gave up."""
    del reply
    error: Any = cast("dict[str, Any]", body).get("error") if isinstance(body, dict) else None
    told = cast("dict[str, Any]", error) if isinstance(error, dict) else {}
    if told.get("code") in _MALFORMED:
        told["data"] = {"trace": _TRACE}
    return cast("Any", body)


MUTANTS = (
    mutant(
        "trace-of-a-malformed-message",
        "MCP-04",
        "Whoever sends what is no message is told where in the source that was found.",
        parts=json_rewritten(_with_its_trace),
    ),
)
