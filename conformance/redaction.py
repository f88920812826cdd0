"""The one redactor of the judge: no credential of the profile reaches a record, in any spelling."""

from __future__ import annotations

import base64
from itertools import takewhile
from urllib.parse import quote

_SHORTEST = 6
"""Values shorter than this are no secrets, and replacing them would garble the evidence."""

_SHARD, _SHORTEST_SHARD = 0.4, 12
"""The part of a secret that gives it away where the rest was cut off, and its least characters."""

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
        text = self._without_shards(text)
        return self._without_halves(text) if _CUT in text else text

    def start(self, text: str, length: int) -> str:
        """Return the first ``length`` characters or so, without any known secret or part of one."""
        if len(text) <= length:
            return self(text)
        longest = max((len(form) for form, _ in self._replacements), default=0)
        shown = self(text[: length + longest])
        # What is left of a secret that this cut in two stands at the end, and is shorter than it.
        return shown[: len(shown) - longest] if longest else shown

    def _without_shards(self, text: str) -> str:
        """Remove what is left of secrets that lost their end before anybody could know them."""
        for form, label in self._replacements:
            start, least = 0, max(_SHORTEST_SHARD, int(_SHARD * len(form)))
            while least < len(form) and (at := text.find(form[:least], start)) >= 0:
                pairs = zip(text[at : at + len(form)], form, strict=False)
                length = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
                text = f"{text[:at]}{label}…{text[at + length :]}"
                start = at + len(label)
        return text

    def _without_halves(self, text: str) -> str:
        """Remove what is left of a secret where a long value was shown with its middle cut out."""
        for form, label in self._replacements:
            for length in range(len(form) - 1, _SHORTEST - 1, -1):
                text = text.replace(f"{form[:length]}{_CUT}", f"{label}{_CUT}")
                text = text.replace(f"{_CUT}{form[-length:]}", f"{_CUT}{label}")
        return text
