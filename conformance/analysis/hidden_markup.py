"""Finds what markup hides: a person who reads the rendered text does not see it, a model does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.analysis.hidden_text import Hidden

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODE = re.compile(r"(?s)(`{1,3}|~~~).*?\1")
"""What is written as code shows as it is, comments too."""
_ZERO = r"\s*:\s*0*\.?0+(?![\d.])"
_COMMENT = re.compile(r"(?s)<!--(.*?)(?:-->|\Z)")
_NOTE = re.compile(r"(?m)^ {0,3}\[[^\]\n]*\]:[ \t]*(?:#|<>|<#>)[ \t]*[(\"'](.*)[)\"']")
"""A Markdown link's definition that leads nowhere: its title is shown by nothing."""
_STYLE = re.compile(
    r"""(?ix) < [a-z] [^<>]{0,500}? \b style \s* = \s* ["'] [^"'<>]{0,500}? (?: """
    r"display\s*:\s*none | visibility\s*:\s*hidden | color\s*:\s*transparent"
    rf"| (?: font-size | opacity | max-height | max-width ){_ZERO}"
    rf"| (?<![-\w]) (?: width | height ){_ZERO}"
    r"| (?: left | top | text-indent )\s*:\s*-\d{3,} )"
)
_ATTRIBUTE = re.compile(r"(?i)<(?!input\b)[a-z][a-z0-9-]*(?:\s[^<>]{0,500}?)?\shidden(?=[\s=/>])")
_WORD = re.compile(r"\w+")
_SENTENCE = 3
"""Words that say something; fewer are an example, as of a comment, or a mark for a program."""
_LONGEST = 80


def hidden_markup(text: str) -> list[Hidden]:
    """Return what a text's HTML or Markdown hides; what is written as code hides nothing."""
    if "<" not in text and "]:" not in text:
        return []
    shown = _CODE.sub(lambda found: " " * len(found[0]), text)
    return list(_found(shown))


def _found(text: str) -> Iterator[Hidden]:
    for kind, form in (("a comment", _COMMENT), ("a note in Markdown", _NOTE)):
        for match in form.finditer(text):
            if len(_WORD.findall(match[1])) >= _SENTENCE:
                yield Hidden(kind, match.start(), match[0][:_LONGEST])
    for kind, form in (("a hidden style", _STYLE), ("a hidden element", _ATTRIBUTE)):
        for match in form.finditer(text):
            yield Hidden(kind, match.start(), match[0][:_LONGEST])
