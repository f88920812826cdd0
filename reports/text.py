"""Small things that several documents do to a text."""

from __future__ import annotations


def spans(text: str) -> tuple[tuple[str, bool], ...]:
    """Split a text in which code stands between backticks; tell of each part whether it is code.

    A backtick without its other one is an ordinary character.
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:
        *parts, before, after = parts
        parts.append(f"{before}`{after}")
    return tuple((part, bool(number % 2)) for number, part in enumerate(parts) if part)


def clip(text: str, length: int) -> str:
    """Return the text, cut to ``length`` characters and then marked as cut."""
    return text if len(text) <= length else f"{text[:length]}…"
