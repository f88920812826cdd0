"""Defects of what the trail keeps of a failing tool's detail."""

from __future__ import annotations

from reference_server.mutants.bending import mutant, with_tool

AS_TEXT = {
    "type": "object",
    "properties": {"message": {"type": "string"}, "detail": {"type": "string"}},
    "required": ["message"],
    "additionalProperties": False,
}

MUTANTS = (
    mutant(
        "detail-kept-as-text",
        "AUD-06",
        "A tool takes its detail as text, in which no filter by names finds any.",
        parts=with_tool("raise_error", schema=AS_TEXT),
    ),
)
