"""Compares answers of a server that never says quite the same thing twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.http.answer import Answer

    Ask = Callable[[], Answer]

REPEATS = 3
"""How often both requests are sent again when their answers differ: what a number or a clock in
them shows by chance, it does not show each time."""
SHOWN = 12
"""How many words of each answer are shown from where they part."""
_WORD = re.compile(r"[\w+/=.~-]+|[^\w+/=.~-]")
"""A word of an answer: a UUID, base64 or a path is one, and each character between is another."""


def everything(answer: Answer) -> str:
    """Return all that a caller can compare of an answer."""
    _, headers, text = answer.visible
    return f"{headers} {text}"


_OF_THE_WAY = re.compile(
    "date|age|connection|keep-alive|content-length|set-cookie|via|nel|report-to|alt-svc|traceparent|"
    "tracestate|x-(cache|served-by|timer|amz|amzn|envoy|azure|vercel|b3|cloud-trace).*|(cf|fly)-.*"
)
"""Fields that whoever stands between may add to one answer and not to the next."""


def to_the_letter(answer: Answer) -> str:
    """Return all that a caller can compare, fields that are filled anew for each answer included.

    For requests that ask the same of the server: a field that one has and the other lacks tells.
    """
    _, _, text = answer.visible
    fields = (f"{name.lower()}: {value}" for name, value in answer.headers)
    told = sorted(field for field in fields if not _OF_THE_WAY.fullmatch(field.split(":")[0]))
    return "\n".join([*told, text])


def difference(first: Ask, second: Ask, seen: Callable[[Answer], str] = everything) -> str:
    """Return both answers, and where they part, if they differ by more than each from itself.

    Empty if they do not.

    A reference in an error, drawn anew for each, tells nobody anything. ``seen`` is what is
    compared beside the status. Raises NotEstablishedError where an answer has another form each
    time, so that no two can be compared.
    """
    ones, others = [first()], [second()]
    told = f"{ones[0]}, {others[0]}"
    if _as_words(ones, seen) == _as_words(others, seen):
        return ""
    for _ in range(REPEATS):
        ones.append(first())
        others.append(second())
    statuses = [{answer.status for answer in answers} for answers in (ones, others)]
    if len(statuses[0]) == len(statuses[1]) == 1 and statuses[0] != statuses[1]:
        return told
    left, right = _as_words(ones, seen), _as_words(others, seen)
    for texts in (left, right):
        establish(len({len(words) for words in texts}) == 1, f"answers have one form: {told}")
    length = min(len(left[0]), len(right[0]))
    apart = [place for place in range(length) if _are_apart(left, right, place)]
    if len(left[0]) != len(right[0]):
        apart.append(length)
    return f"{told}; {_where(left[0], right[0], apart[0])}" if apart else ""


def _are_apart(left: list[list[str]], right: list[list[str]], place: int) -> bool:
    """Tell whether the answers of each side agree on a word, and the sides do not."""
    one, other = ({words[place] for words in side} for side in (left, right))
    return len(one) == len(other) == 1 and one != other


def _where(left: list[str], right: list[str], place: int) -> str:
    one, other = ("".join(words[place : place + SHOWN]) for words in (left, right))
    return f"they part at {one!r} and {other!r}"


def _as_words(answers: list[Answer], seen: Callable[[Answer], str]) -> list[list[str]]:
    return [[str(answer.status), *_WORD.findall(seen(answer))] for answer in answers]
