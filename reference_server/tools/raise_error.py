"""The tool `raise_error`: fails on purpose, to show what of a failure leaves the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from reference_server.core.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.tools.contracts import Caller


def _schema() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"message": {"type": "string"}, "detail": {"type": "object"}},
        "required": ["message"],
        "additionalProperties": False,
    }


@dataclass(frozen=True)
class RaiseError:
    """Raises an error with the caller's words in its message, its cause and its detail."""

    name: str = "raise_error"
    description: str = "Fail with the given message. For testing how failures are reported."
    input_schema: dict[str, Any] = field(default_factory=_schema)

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Raise ToolError, always."""
        del caller
        _fail(arguments["message"], arguments.get("detail"))


def _fail(message: str, detail: object) -> NoReturn:
    raise ToolError(message, detail) from ValueError(message)
