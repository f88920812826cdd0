"""The one redactor of the judge: no credential of the profile reaches a record, in any spelling."""

from __future__ import annotations

import base64
from urllib.parse import quote

_SHORTEST = 6
"""Values shorter than this are no secrets, and replacing them would garble the evidence."""

_CUT = "..."
"""What pytest puts in the middle of a value that is too long to show."""


def spellings(secret: str) -> list[str]:
    """Return the ways a secret may be written: raw, URL, base64, base64url, hex, JSON-escaped."""
    data = secret.encode()
    forms = {
        secret,
        quote(secret, safe=""),
        data.hex(),
        data.hex().upper(),
        base64.b64encode(data).decode().rstrip("="),
        base64.urlsafe_b64encode(data).decode().rstrip("="),
    }
    return sorted(forms, key=lambda form: (len(form), form), reverse=True)


class Redactor:
    """Replaces every known secret by a label that says whose it is."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self._replacements: list[tuple[str, str]] = []
        for value, label in secrets.items():
            self.learn(value, label)

    def learn(self, value: str, label: str) -> None:
        """Add a secret met during the run, such as a key just minted."""
        if len(value) >= _SHORTEST:
            self._replacements += [(form, f"<{label}>") for form in spellings(value)]
            self._replacements.sort(key=lambda pair: len(pair[0]), reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text without any known secret."""
        for form, label in self._replacements:
            text = text.replace(form, label)
        return self._without_halves(text) if _CUT in text else text

    def _without_halves(self, text: str) -> str:
        """Remove what is left of a secret where a long value was shown with its middle cut out."""
        for form, label in self._replacements:
            for length in range(len(form) - 1, _SHORTEST - 1, -1):
                text = text.replace(f"{form[:length]}{_CUT}", f"{label}{_CUT}")
                text = text.replace(f"{_CUT}{form[-length:]}", f"{_CUT}{label}")
        return text
