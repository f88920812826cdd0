"""Reads what a call came to out of an answer's body: plain JSON, or an event stream."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, cast


class Result(StrEnum):
    """What a JSON-RPC answer says of the call."""

    SUCCEEDED = "succeeded"
    TOOL_ERROR = "tool error"
    RPC_ERROR = "protocol error"
    NONE = "no result"


def message_of(body: bytes) -> dict[str, Any]:
    """Return the JSON-RPC reply in a body; empty when there is none."""
    text = body.decode("utf-8", "replace")
    candidates = [text, *(line[5:] for line in text.splitlines() if line.startswith("data:"))]
    for candidate in reversed(candidates):
        try:
            found: Any = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and ("result" in found or "error" in found):
            return cast("dict[str, Any]", found)
    return {}


def result_of(message: dict[str, Any]) -> Result:
    """Return what a reply says of the call."""
    result = message.get("result")
    if isinstance(result, dict):
        failed = cast("dict[str, Any]", result).get("isError")
        return Result.TOOL_ERROR if failed else Result.SUCCEEDED
    return Result.RPC_ERROR if isinstance(message.get("error"), dict) else Result.NONE


def structured(message: dict[str, Any]) -> dict[str, Any]:
    """Return a tool's structured result; empty when there is none."""
    result = message.get("result")
    if not isinstance(result, dict):
        return {}
    content = cast("dict[str, Any]", result).get("structuredContent")
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}
