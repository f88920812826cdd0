"""What log lines, the trail and spans are scrubbed by."""

from __future__ import annotations

from typing import Any, Protocol


class Redactor(Protocol):
    """The one scrubber of secrets: log lines, trail and spans all pass through it.

    It is hashable, for what it makes of short texts is remembered.
    """

    def scrub(self, value: Any) -> Any:
        """Return a JSON-like copy without token-shaped strings and token-named fields."""
        ...
