"""The one redactor of the judge: no credential of the profile reaches a record, in any spelling."""

from __future__ import annotations

import base64
import json
import threading
from collections import defaultdict
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SHORTEST = 6
"""Values shorter than this are no secrets, and replacing them would garble the evidence."""

_SHARD, _SHORTEST_SHARD, _LONGEST_SHARD = 0.4, 12, 24
"""The part of a secret that gives it away by itself, and its bounds in characters."""

_CUT = "..."
"""What pytest puts in the middle of a value that is too long to show."""


_LINE, _LINES = 200, 2000
"""How long a text may be that is remembered with its form without secrets, and how many are: the
same headers stand in exchange after exchange.
"""


def spellings(secret: str) -> list[str]:
    """Return the ways a secret may be written: raw, URL, base64, base64url, hex, JSON, Python."""
    data = secret.encode()
    forms = {
        secret,
        quote(secret, safe=""),
        data.hex(),
        data.hex().upper(),
        base64.b64encode(data).decode().rstrip("="),
        base64.urlsafe_b64encode(data).decode().rstrip("="),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    }
    return sorted(forms, key=lambda form: (len(form), form), reverse=True)


def _bits(value: str) -> set[str]:
    """Return all that stands in a value as long as the shortest secret, in one case."""
    folded = value.casefold()
    return {folded[at : at + _SHORTEST] for at in range(len(folded) - _SHORTEST + 1)}


@dataclass(frozen=True)
class _Form:
    """One spelling of a secret. ``least`` characters in a row of it give the secret away."""

    text: str
    label: str

    @property
    def least(self) -> int:
        part = max(_SHORTEST_SHARD, int(_SHARD * len(self.text)))
        return min(part, _LONGEST_SHARD, len(self.text))

    def run(self, text: str, at: int, place: int) -> int:
        """Return how many characters of a text, from ``at`` on, are this form's from ``place``."""
        pairs = zip(text[at : at + len(self.text)], self.text[place:], strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


class Redactor:
    """Replaces every known secret, and every telling part of one, by a label that says whose.

    Threads that send at once learn and redact at once. What a text is searched for is replaced,
    never changed, so that no text is searched for half of it.
    """

    def __init__(self, secrets: dict[str, str]) -> None:
        self._learning = threading.Lock()  # bounded: held to learn one secret
        self._secrets: dict[str, str] = {}
        self._forms: tuple[_Form, ...] = ()
        # Telling parts by how they begin; what repeats within a secret is there once.
        self._parts: dict[str, dict[str, tuple[_Form, int]]] = {}
        # Each bit of a secret, in one case, with the first secret that holds it, and its place.
        self._bits: dict[str, tuple[int, str]] = {}
        self._shown: dict[str, str] = {}
        for value, label in secrets.items():
            self.learn(value, label)

    def learn(self, value: str, label: str) -> None:
        """Add a secret met during the run, such as a key just minted."""
        self._learn(value, label, ())

    def _learn(self, value: str, label: str, within: Iterable[str]) -> None:
        """Add a secret, but for those of its spellings that hold one of ``within``."""
        if len(value) < _SHORTEST:
            return
        with self._learning:
            if value in self._secrets:
                return
            texts = [
                text for text in spellings(value) if not any(known in text for known in within)
            ]
            self._search_for([_Form(text, f"<{label}>") for text in texts])
            for bit in _bits(value):
                self._bits.setdefault(bit, (len(self._secrets), value))
            self._secrets[value] = label

    def _search_for(self, forms: Sequence[_Form]) -> None:
        """Search texts for these forms too, and for the telling parts of them."""
        parts: defaultdict[str, dict[str, tuple[_Form, int]]] = defaultdict(dict)
        for form in forms:
            least = form.least
            for place in range(len(form.text) - least + 1):
                part = form.text[place : place + least]
                parts[part[:_SHORTEST_SHARD]].setdefault(part, (form, place))
        for beginning, new in parts.items():
            self._parts[beginning] = {**new, **self._parts.get(beginning, {})}
        known = [*self._forms, *forms]
        self._forms = tuple(sorted(known, key=lambda form: len(form.text), reverse=True))
        # Last: who takes the new one redacts by all that is known now.
        self._shown = {}

    def learn_changed(self, value: str) -> None:
        """Add a value if it holds some of a secret, in whatever case: a key spoilt on purpose.

        Where it holds all of it, the secret's own label shows what stands around. Otherwise a key
        with a space in front would be found in each ``Bearer`` header, and a right key told as one
        that was changed.
        """
        if value in self._secrets:
            return
        with self._learning:
            held = [self._bits[bit] for bit in _bits(value) if bit in self._bits]
        if held:
            _, secret = min(held)
            within = spellings(secret) if secret in value else ()
            self._learn(value, f"{self._secrets[secret]}, changed", within)

    def __call__(self, text: str) -> str:
        """Return the text without any known secret."""
        if len(text) > _LINE:
            return self._redacted(text)
        shown = self._shown
        if (found := shown.get(text)) is not None:
            return found
        if len(shown) >= _LINES:
            shown.clear()
        return shown.setdefault(text, self._redacted(text))

    def _redacted(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form.text, form.label)
        text = self._without_shards(text)
        return self._without_halves(text) if _CUT in text else text

    def start(self, text: str, length: int) -> str:
        """Return the first ``length`` characters or so, without any known secret or part of one."""
        if len(text) <= length:
            return self(text)
        forms = self._forms
        longest = len(forms[0].text) if forms else 0
        shown = self(text[: length + longest])
        # What is left of a secret that this cut in two stands at the end, and is shorter than it.
        return shown[: len(shown) - longest] if longest else shown

    def _without_shards(self, text: str) -> str:
        """Remove parts of secrets: somebody cut them off before anybody could know them."""
        beginnings, last = self._parts.keys(), len(text) - _SHORTEST_SHARD
        # Every character of a record comes by here, and hardly any begins one.
        starts = (text[at : at + _SHORTEST_SHARD] for at in range(last + 1))
        if beginnings.isdisjoint(starts):
            return text
        kept: list[str] = []
        at = start = 0
        while at <= last:
            if text[at : at + _SHORTEST_SHARD] not in beginnings:
                at += 1
                continue
            length, label = self._shard(text, at)
            if length:
                kept += [text[start:at], f"{label}…"]
                start = at = at + length
            else:
                at += 1
        return "".join([*kept, text[start:]])

    def _shard(self, text: str, at: int) -> tuple[int, str]:
        """Return length and label of the longest telling part that begins here; 0 if none does."""
        found = (0, "")
        for part, (form, place) in self._parts.get(text[at : at + _SHORTEST_SHARD], {}).items():
            if text.startswith(part, at) and (length := form.run(text, at, place)) > found[0]:
                found = (length, form.label)
        return found

    def _without_halves(self, text: str) -> str:
        """Remove what is left of a secret where a long value was shown with its middle cut out."""
        for form in self._forms:
            for length in range(form.least, _SHORTEST - 1, -1):
                text = text.replace(f"{form.text[:length]}{_CUT}", f"{form.label}{_CUT}")
                text = text.replace(f"{_CUT}{form.text[-length:]}", f"{_CUT}{form.label}")
        return text
