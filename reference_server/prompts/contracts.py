"""What an MCP prompt is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reference_server.tools.contracts import Caller


@dataclass(frozen=True)
class PromptArgument:
    """An argument of a prompt: always a string."""

    name: str
    description: str
    required: bool = True


class Prompt(Protocol):
    """One MCP prompt. Its methods are synchronous, run in a worker thread."""

    @property
    def name(self) -> str:
        """The name it is asked for by."""
        ...

    @property
    def description(self) -> str:
        """What it is for, for the person who chooses."""
        ...

    @property
    def arguments(self) -> Sequence[PromptArgument]:
        """What it can be told; an argument that is not among them is refused."""
        ...

    def render(self, arguments: Mapping[str, str], caller: Caller) -> str:
        """Return the user's message; UnknownObjectError where an argument names nothing."""
        ...

    def complete(self, argument: str, beginning: str, caller: Caller) -> Sequence[str]:
        """Return values of an argument that begin so, of the caller's own only."""
        ...
