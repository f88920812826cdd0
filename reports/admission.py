"""Turns the figure of a limit into a drawing: how many were admitted as time went on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reports.drawing import drawn
from reports.times import Tick, finite

_LEFT, _RIGHT, _TOP, _FLOOR = 8, 632, 22, 140
"""Where the steps are drawn; refusals are marked below the floor."""
_MOST = 5000


@dataclass(frozen=True)
class Figure:
    """The drawing: steps of what was admitted, the limit as a height, and a mark each refusal."""

    steps: str
    limit: str
    limit_y: float
    limited: str
    others: str
    ticks: tuple[Tick, ...]
    words: str


def figure(text: str) -> Figure | None:
    """Return what there is to draw in a limit's figure; None where it is not in that form."""
    return drawn(text, _figure)


def _figure(data: dict[str, Any]) -> Figure:
    moments = [finite(value) for value in list(data["ms"])[:_MOST]]
    outcomes = data["outcomes"]
    limit, window = finite(data["limit"]), finite(data["window"])
    is_told = isinstance(outcomes, str) and len(outcomes) >= len(moments)
    if not moments or not is_told or limit <= 0 or min(moments) < 0:
        raise ValueError("there is nothing to draw")
    kinds = list(zip(moments, outcomes, strict=False))
    admitted = [moment for moment, kind in kinds if kind == "a"]
    last = max(*moments, 1.0)
    most = 1.08 * max(limit, len(admitted))

    def across(moment: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * moment / last, 1)

    def up(count: float) -> float:
        return round(_FLOOR - (_FLOOR - _TOP) * count / most, 1)

    steps = "".join(f"H{across(at)}V{up(number)}" for number, at in enumerate(admitted, 1))
    return Figure(
        steps=f"M{_LEFT} {_FLOOR}{steps}H{_RIGHT}",
        limit=f"the limit, {limit:.0f} in {window:.0f} s",
        limit_y=up(limit),
        limited="".join(f"M{across(at)} 146v10" for at, kind in kinds if kind == "l"),
        others="".join(f"M{across(at)} 146v10" for at, kind in kinds if kind not in "al"),
        ticks=tuple(Tick(across(last * part / 4), _time(last * part / 4)) for part in range(5)),
        words=_words([kind for _, kind in kinds], last, limit),
    )


def _time(moment: float) -> str:
    return f"{moment / 1000:.2g} s" if moment else "0"


def _words(kinds: list[str], last: float, limit: float) -> str:
    admitted, limited = kinds.count("a"), kinds.count("l")
    others = len(kinds) - admitted - limited
    parts = [f"{admitted} admitted", f"{limited} refused with 429"]
    parts += [f"{others} answered otherwise"] if others else []
    told = f"{len(kinds)} requests in {last / 1000:.1f} s: {', '.join(parts)}"
    over = admitted - limit
    return f"{told}, which is {over:.0f} more than the limit" if over > 0 else told
