"""Defects of what a message is screened by."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reference_server.mail.contracts import Letter
from reference_server.mail.markup import read_markup
from reference_server.mutants.bending import mutant
from reference_server.mutants.mail._bending import mailing

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mail.contracts import MailParts, Screen
    from reference_server.mutants.mail._bending import Change

_INVISIBLE = re.compile("[\u034f\ufe00-\ufe0f\U000e0000-\U000e0fff]")
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class _Bent:
    """Screens another letter than the one that is sent, where that has what it is blind to."""

    real: Screen
    bend: Callable[[Letter], Letter]

    def find(self, letter: Letter) -> str | None:
        """Return the rule that the bent letter breaks."""
        return self.real.find(self.bend(letter))


def _screening(bend: Callable[[Letter], Letter]) -> Change:
    return mailing(screen=lambda mail: _Bent(mail.screen, bend))


def _read(bend: Callable[[str], str]) -> Change:
    """Return a change of parts in which a message is screened by what becomes of its text."""

    def of(letter: Letter) -> Letter:
        text = letter.text or read_markup(letter.html).text
        return Letter(letter.recipient, bend(letter.subject), bend(text))

    return _screening(of)


def _blind_to(is_hidden: Callable[[str], bool]) -> Change:
    """Return a change of parts in which certain characters are as good as letters."""
    return _read(lambda text: "".join("q" if is_hidden(sign) else sign for sign in text))


def _is_letter_of_others(sign: str) -> bool:
    return sign.isalpha() and unicodedata.name(sign, "").partition(" ")[0] in {"CYRILLIC", "GREEK"}


@dataclass(frozen=True)
class _Nothing:
    def find(self, letter: Letter) -> str | None:
        del letter
        return None


@dataclass(frozen=True)
class _ByWord:
    real: Screen

    def find(self, letter: Letter) -> str | None:
        is_said = "password" in f"{letter.subject} {letter.text} {letter.html}".lower()
        return "says password" if is_said else self.real.find(letter)


@dataclass(frozen=True)
class _CaseSensitive:
    real: Screen

    def find(self, letter: Letter) -> str | None:
        return None if letter.subject.isupper() else self.real.find(letter)


def _tags_as_blanks(letter: Letter) -> Letter:
    if not letter.html:
        return letter
    return Letter(letter.recipient, letter.subject, _TAG.sub(" ", letter.html))


def _nothing(mail: MailParts) -> Screen:
    del mail
    return _Nothing()


MUTANTS = (
    mutant(
        "mail-that-nobody-screens",
        "MAIL-02",
        "Phishing is sent like any other message.",
        parts=mailing(screen=_nothing),
    ),
    mutant(
        "mail-screened-without-its-subject",
        "MAIL-02",
        "What stands in a subject is not looked at.",
        parts=_screening(lambda letter: replace(letter, subject="")),
    ),
    mutant(
        "mail-screened-without-look-alikes",
        "MAIL-02",
        "Letters of other scripts are no letters of ours, whatever they look like.",
        parts=_blind_to(_is_letter_of_others),
    ),
    mutant(
        "mail-screened-with-invisible-characters",
        "MAIL-02",
        "Joiners and spaces without width part a word.",
        parts=_blind_to(lambda sign: unicodedata.category(sign) == "Cf"),
    ),
    mutant(
        "mail-screened-with-fillers",
        "MAIL-02",
        "Ignorable characters that are no format characters part a word.",
        parts=_blind_to(lambda sign: _INVISIBLE.match(sign) is not None),
    ),
    mutant(
        "mail-screened-with-marks-on-letters",
        "MAIL-02",
        "A letter with a mark is another letter.",
        parts=_blind_to(lambda sign: sign == "\u0323"),
    ),
    mutant(
        "mail-screened-without-wide-letters",
        "MAIL-02",
        "Fullwidth letters are not taken for ours.",
        parts=_blind_to(lambda sign: "\uff01" <= sign <= "\uff5e"),
    ),
    mutant(
        "mail-screened-as-it-is-shouted",
        "MAIL-02",
        "Capital letters are others than small ones.",
        parts=mailing(screen=lambda mail: _CaseSensitive(mail.screen)),
    ),
    mutant(
        "mail-screened-in-its-markup",
        "MAIL-02",
        "HTML is screened with its tags taken for blanks, and its references as they stand.",
        parts=_screening(_tags_as_blanks),
    ),
    mutant(
        "mail-refused-by-a-word",
        "MAIL-02",
        "Whatever says password is refused.",
        parts=mailing(screen=lambda mail: _ByWord(mail.screen)),
    ),
)
