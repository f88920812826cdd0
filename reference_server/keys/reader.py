"""Takes a credential out of a request's headers, or nothing at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


BLANK = " \t"
"""What is no part of a field's value at its ends (RFC 9110 section 5.5), and nothing else."""


class HeaderKeyReader:
    """Reads one header, and only that one: no query, cookie, body or other scheme is looked at."""

    def __init__(self, header: str) -> None:
        self._header = header.lower()

    def read(self, headers: Sequence[tuple[str, str]]) -> str | None:
        """Return the value; None when it is missing, blank, duplicated or joined by a comma.

        A repeated header is two claims: servers and proxies differ in which one they believe, so
        neither is.
        """
        values = [value for name, value in headers if name.lower() == self._header]
        if len(values) != 1:
            return None
        value = values[0].strip(BLANK)
        return value if value and "," not in value else None
