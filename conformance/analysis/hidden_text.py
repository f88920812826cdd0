"""Finds what a text holds and does not show: to a reader it is not there, to a model it is.

The rules are Unicode's own: joiners as UAX #31 (section 2.3) has them, emoji and flags as UTS #51,
marks of direction as UTS #55, variation selectors where a sequence can be a registered one. What
they leave room for is no finding, since languages are written with it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TAGS = range(0xE0000, 0xE0080)
_FLAG = re.compile("\U0001f3f4([\U000e0020-\U000e007e]{3,6})\U000e007f")
_SUBDIVISION = re.compile(r"[a-z]{2}[a-z0-9]{1,4}")
"""What the tags of a flag spell (UTS #51, ED-14a): as ``gbeng``."""
_OPENERS, _CLOSER = frozenset("\u2066\u2067\u2068"), "\u2069"
_MARKS = frozenset("\u200e\u200f\u061c")
_SHOWN = 60
_LONGEST_RUN = 2
"""Marks of direction that stand side by side where two texts of two scripts meet."""
_ZWJ = "\u200d"
_VIRAMA = 9
"""The canonical combining class of what joins two consonants."""
_TEXT_OR_EMOJI = frozenset("\ufe0e\ufe0f")
_MONGOLIAN_SELECTORS = frozenset("\u180b\u180c\u180d\u180f")
_EMOJI_BASES = frozenset("#*0123456789\u203c\u2049\u2139\u3030")
"""Those that are no symbols by their category (emoji-variation-sequences.txt)."""
_ARROWS = 0x2190
_QUOTES = frozenset("\u2018\u2019\u201c\u201d")
_JOINED = (
    *("ARABIC", "SYRIAC", "MONGOLIAN", "NKO", "MANDAIC", "MANICHAEAN", "PHAGS-PA", "ADLAM"),
    *("HANIFI", "SOGDIAN", "PSALTER", "CHORASMIAN", "OLD UYGHUR", "TODO"),
)
"""Scripts whose letters join: there ZWNJ and ZWJ choose a letter's form."""
_INDIC = (
    *("DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA"),
    *("MALAYALAM", "SINHALA", "TIBETAN", "MYANMAR", "KHMER", "BALINESE", "JAVANESE", "GRANTHA"),
)
"""Scripts in which a joiner decides how consonants stand together."""
_UNSPACED = (
    *("THAI", "LAO", "KHMER", "MYANMAR", "TAI", "NEW TAI", "TIBETAN", "JAVANESE", "BALINESE"),
    *("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC"),
)
"""Scripts without spaces, where ZWSP tells where a line may break."""
_VARIED = (
    *("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "FULLWIDTH", "MYANMAR", "PHAGS-PA"),
    *("MANICHAEAN", "EGYPTIAN"),
)
"""Scripts that have standardized variation sequences."""


@dataclass(frozen=True)
class Hidden:
    """Something hidden: of which kind, from which index on, and the text itself."""

    kind: str
    at: int
    text: str

    def __str__(self) -> str:
        """Tell it in words that hide nothing."""
        if self.text.isprintable() and self.text.isascii():
            return f"{self.kind} at {self.at}: {self.text[:_SHOWN]!r}"
        points = " ".join(f"U+{ord(one):04X}" for one in self.text[:4])
        more = " …" if len(self.text) > 4 else ""  # noqa: PLR2004 -- those just shown
        told = f"{self.kind} at {self.at}: {points}{more}"
        meant = "".join(chr(ord(one) & 0x7F) for one in self.text if ord(one) in TAGS)
        return f"{told}, which reads {meant[:_SHOWN]!r}" if meant.isprintable() and meant else told


def hidden_characters(text: str) -> list[Hidden]:
    """Return what characters hide; those of one kind that stand side by side are one."""
    found: list[Hidden] = []
    if text.isascii() and text.isprintable():
        return found
    flags = {at for match in _flags(text) for at in range(match.start() + 1, match.end())}
    isolates = _right_isolates(text)
    for at, one in enumerate(text):
        if at in flags or at in isolates or (kind := _kind(text, at)) is None:
            continue
        last = found[-1] if found else None
        if last and last.kind == kind and last.at + len(last.text) == at:
            found[-1] = Hidden(kind, last.at, last.text + one)
        else:
            found.append(Hidden(kind, at, one))
    return found


def _kind(text: str, at: int) -> str | None:
    """Return what kind of hidden character stands at an index; None for one that shows, or may."""
    one = text[at]
    if unicodedata.category(one) == "Cc":
        is_line_end = one == "\r" and _after(text, at) == "\n"
        return None if one in "\t\n" or is_line_end else "a control character"
    if not _is_ignorable(one):
        return None
    for applies, is_right, kind in _RULES:
        if applies(one):
            return None if is_right(text, at) else kind
    return "an invisible character"


def _is_ignorable(one: str) -> bool:
    """Tell whether a character has no glyph of its own: Default_Ignorable_Code_Point, and kin."""
    point = ord(one)
    return any(first <= point <= last for first, last in _IGNORABLE)


_IGNORABLE = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
"""DerivedCoreProperties.txt, with the anchors of annotations and the joiners of hieroglyphs."""


def _flags(text: str) -> Iterator[re.Match[str]]:
    """Yield the flags that are written with tags, and spell a part of a country."""
    for match in _FLAG.finditer(text):
        if _SUBDIVISION.fullmatch("".join(chr(ord(one) - TAGS.start) for one in match[1])):
            yield match


def _right_isolates(text: str) -> set[int]:
    """Return where isolates stand that are closed in their line, in a text with such letters."""
    found: set[int] = set()
    if not _has_right_to_left(text):
        return found
    opened: list[int] = []
    for at, one in enumerate(text):
        if one == "\n":
            opened = []
        elif one in _OPENERS:
            opened.append(at)
        elif one == _CLOSER and opened:
            found |= {opened.pop(), at}
    return found


def _has_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(one) in {"R", "AL"} and one not in _MARKS for one in text)


def _before(text: str, at: int) -> str:
    return text[at - 1] if at else ""


def _after(text: str, at: int) -> str:
    return text[at + 1 : at + 2]


def _is_of(one: str, scripts: tuple[str, ...]) -> bool:
    """Tell whether a character is a letter, a mark or a sign of one of some scripts."""
    return bool(one) and not _is_ignorable(one) and unicodedata.name(one, "").startswith(scripts)


def _is_letter(one: str) -> bool:
    return bool(one) and unicodedata.category(one)[0] in "LM" and not _is_ignorable(one)


def _is_pictograph(one: str) -> bool:
    """Tell whether a character may be part of an emoji, with what follows it there."""
    if not one:
        return False
    is_end = one in _TEXT_OR_EMOJI or ord(one) == TAGS.stop - 1
    return is_end or unicodedata.category(one) in {"So", "Sk"} or ord(one) >= 0x1F000  # noqa: PLR2004 -- where emoji begin


def _is_right_joiner(text: str, at: int) -> bool:
    before, after = _before(text, at), _after(text, at)
    if text[at] == _ZWJ and _is_pictograph(before):
        return _is_pictograph(after) and not _is_ignorable(after)
    if _is_of(before, _JOINED) or _is_of(after, _JOINED):
        return not (before and _is_ignorable(before)) and not (after and _is_ignorable(after))
    is_joining = bool(before) and unicodedata.combining(before) == _VIRAMA
    return is_joining or (_is_of(before, _INDIC) and _is_of(after, _INDIC))


def _is_right_mark(text: str, at: int) -> bool:
    start = at
    while _before(text, start) in _MARKS and start:
        start -= 1
    return at - start < _LONGEST_RUN and _has_right_to_left(text)


def _is_right_selector(text: str, at: int) -> bool:
    one, base = text[at], _before(text, at)
    if not base or _is_ignorable(base):
        return False
    category = unicodedata.category(base)
    is_symbol = category in {"So", "Sk"} or (category == "Sm" and ord(base) >= _ARROWS)
    if one in _TEXT_OR_EMOJI:
        return is_symbol or base in _EMOJI_BASES
    if one in _MONGOLIAN_SELECTORS:
        return _is_of(base, ("MONGOLIAN",))
    if ord(one) >= TAGS.start:
        return _is_of(base, ("CJK UNIFIED", "CJK COMPATIBILITY"))
    is_slashed = (base, one) == ("0", "\ufe00")
    return is_symbol or category == "Sm" or is_slashed or base in _QUOTES or _is_of(base, _VARIED)


def _beside(*scripts: str) -> Callable[[str, int], bool]:
    """Return a rule by which a character stands beside one of some scripts."""

    def is_right(text: str, at: int) -> bool:
        return _is_of(_before(text, at), scripts) or _is_of(_after(text, at), scripts)

    return is_right


def _between_letters(text: str, at: int) -> bool:
    return _is_letter(_before(text, at)) and _is_letter(_after(text, at))


def _between(scripts: tuple[str, ...]) -> Callable[[str, int], bool]:
    """Return a rule by which a character stands between two of some scripts."""

    def is_right(text: str, at: int) -> bool:
        return _is_of(_before(text, at), scripts) and _is_of(_after(text, at), scripts)

    return is_right


def _at_the_start(text: str, at: int) -> bool:
    del text
    return at == 0


def _one_of(*ranges: tuple[int, int]) -> Callable[[str], bool]:
    return lambda one: any(first <= ord(one) <= last for first, last in ranges)


def _never(text: str, at: int) -> bool:
    """Tell that a character is nowhere right by itself; what it is a part of was seen before."""
    del text, at
    return False


_RULES: tuple[tuple[Callable[[str], bool], Callable[[str, int], bool], str], ...] = (
    (_one_of((0xE0000, 0xE007F)), _never, "a tag character"),
    (_one_of((0x202A, 0x202E)), _never, "an override or embedding of direction"),
    (_one_of((0x2066, 0x2069)), _never, "an isolate of direction"),
    (_one_of((0x200E, 0x200F), (0x061C, 0x061C)), _is_right_mark, "a mark of direction"),
    (
        _one_of((0xFE00, 0xFE0F), (0x180B, 0x180D), (0x180F, 0x180F), (0xE0100, 0xE01EF)),
        _is_right_selector,
        "a variation selector",
    ),
    (_one_of((0x200C, 0x200D)), _is_right_joiner, "a joiner"),
    (_one_of((0x180E, 0x180E)), _between(("MONGOLIAN",)), "an invisible character"),
    (_one_of((0x00AD, 0x00AD)), _between_letters, "an invisible character"),
    (_one_of((0x034F, 0x034F)), _between_letters, "an invisible character"),
    (_one_of((0x115F, 0x1160)), _beside("HANGUL CHOSEONG", "HANGUL JUNGSEONG"), "a blank letter"),
    (_one_of((0x200B, 0x200B)), _between(_UNSPACED), "an invisible character"),
    (_one_of((0xFEFF, 0xFEFF)), _at_the_start, "an invisible character"),
    (_one_of((0x13430, 0x1343F)), _beside("EGYPTIAN"), "an invisible character"),
    (_one_of((0x1BCA0, 0x1BCA3)), _beside("DUPLOYAN"), "an invisible character"),
    (_one_of((0x1D173, 0x1D17A)), _beside("MUSICAL"), "an invisible character"),
)
"""Which characters, by which rule they are right, and what they are where they are not."""
