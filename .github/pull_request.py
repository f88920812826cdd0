"""Fails a pull request whose body lacks its reviews or its ticked test plan (OPS-08).

``python .github/pull_request.py BODY.md`` prints a sentence for each thing that is missing, and
ends with 1 when there is one. Standard library only, so that the check needs no installation.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

REVIEWERS = ("security", "correctness")
"""Who must have looked at every change."""

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING = re.compile(r"^## +(.+?) *$", re.MULTILINE)
_BOX = re.compile(r"^ *[-*] +\[([ xX])\] +(\S.*)$", re.MULTILINE)
_NOTHING = {"", "-", "n/a", "none", "none needed", "tbd", "todo"}


def lacks(body: str) -> list[str]:
    """Return a sentence for each thing that the body of a pull request lacks."""
    sections = _sections(_COMMENT.sub("", body.replace("\r\n", "\n")))
    return [*_unreviewed(sections.get("reviews", "")), *_unticked(sections.get("test plan", ""))]


def _sections(text: str) -> dict[str, str]:
    """Return what stands under each heading, by its words in small letters."""
    _, *parts = _HEADING.split(text)
    return {name.lower(): words for name, words in zip(parts[::2], parts[1::2], strict=True)}


def _unreviewed(section: str) -> list[str]:
    return [
        f"'## Reviews' has no finding on {reviewer}: write '- {reviewer}: what was found'."
        for reviewer in REVIEWERS
        if _finding(section, reviewer).strip(" .").lower() in _NOTHING
    ]


def _finding(section: str, reviewer: str) -> str:
    found = re.search(rf"^ *[-*] +{reviewer} *:(.*)$", section, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def _unticked(section: str) -> list[str]:
    boxes = _BOX.findall(section)
    if not boxes:
        return ["'## Test plan' has no line '- [x] what was run'."]
    return [f"'## Test plan' leaves unticked: {words}" for tick, words in boxes if tick == " "]


def main() -> int:
    """Check the body in the file that the command line names."""
    found = lacks(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.stdout.write("".join(f"{sentence}\n" for sentence in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
