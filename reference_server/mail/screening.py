"""Knows phishing and impersonation by what a message reads like.

A rule is several patterns that all have to be found. They are compared with the skeletons of what
the message shows, so that they are taken to theirs as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reference_server.mail.markup import read_markup
from reference_server.mail.phishing import BRANDS, DENIED, RULES, WORDS
from reference_server.mail.skeletons import readings, skeleton

if TYPE_CHECKING:
    from reference_server.mail.contracts import Letter
    from reference_server.mail.markup import Link


def _looked_at(pattern: str) -> str:
    """Return a pattern of small letters as skeletons have them, of which only m has one."""
    return pattern.replace("m", skeleton("m"))


@dataclass(frozen=True)
class PhishingScreen:
    """Refuses by rules; ``names`` are the operator's own, which nobody else may speak in."""

    names: tuple[str, ...] = ()

    @cached_property
    def _rules(self) -> dict[str, tuple[re.Pattern[str], ...]]:
        return {name: tuple(map(self._compiled, patterns)) for name, patterns in RULES.items()}

    @cached_property
    def _denied(self) -> re.Pattern[str]:
        return self._compiled(DENIED)

    def _compiled(self, pattern: str) -> re.Pattern[str]:
        brands = "|".join(re.escape(name.lower()) for name in (*BRANDS, *self.names))
        for name, words in {**WORDS, "{brands}": brands}.items():
            pattern = pattern.replace(name, words)
        return re.compile(_looked_at(pattern))

    def find(self, letter: Letter) -> str | None:
        """Return the rule that a letter breaks, None for none."""
        body, links = letter.text, list["Link"]()
        if letter.html:
            shown = read_markup(letter.html)
            body, links = shown.text, shown.links
        if any(_is_deceptive(one) for one in links):
            return "leads elsewhere than it says"
        for reading in readings(f"{letter.subject}. {body}"):
            told = self._denied.sub(" ", reading)
            for name, patterns in self._rules.items():
                if all(pattern.search(told) for pattern in patterns):
                    return name
        return None


_HOST = re.compile(r"(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?:/\S*)?")


def _is_deceptive(link: Link) -> bool:
    """Tell whether a link's text is an address of another host than it leads to."""
    parts = urlsplit(link.target)
    if "@" in parts.netloc:
        return True
    told = _HOST.fullmatch(link.text.strip().casefold())
    if told is None:
        return False
    host = (parts.hostname or "").removeprefix("www.")
    return told[1].removeprefix("www.") != host
