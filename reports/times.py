"""Turns the figures of a timing check into two drawings: the distributions, and the intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

from conformance.text.printable import single_line
from reports.drawing import drawn

WIDTH = 640
"""Units of both drawings' width."""
_LEFT, _RIGHT = 8, 8
_HIGH = 150
_ROW = 18
_MOST_BINS, _MOST_CLASSES, _MOST_ROWS = 1000, 8, 80


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where it stands and what it says."""

    x: float
    text: str


@dataclass(frozen=True)
class Curve:
    """One class's distribution as the points of a line, with its median."""

    name: str
    points: str
    median: str


@dataclass(frozen=True)
class Interval:
    """One pair at one look: the shift and its interval, as places, and in words."""

    y: float
    low: float
    effect: float
    high: float
    outcome: str
    words: str


@dataclass(frozen=True)
class Figure:
    """Both drawings. ``fails`` and ``passes`` are the ends of the two tolerances, as places."""

    curves: tuple[Curve, ...]
    bins: tuple[Tick, ...]
    intervals: tuple[Interval, ...]
    height: float
    shifts: tuple[Tick, ...]
    fails: tuple[float, float]
    passes: tuple[float, float]
    tolerance: str
    wide: str


def figure(text: str) -> Figure | None:
    """Return what there is to draw in a check's figure; None where it is not in that form."""
    return drawn(text, _figure)


def _figure(data: dict[str, Any]) -> Figure:
    looks = cast("list[dict[str, Any]]", data["looks"])
    histogram = cast("dict[str, Any]", data["histogram"])
    last = looks[-1]
    tolerance, wide = finite(last["tolerance"]), finite(last["wide"])
    rows = [(look, pair) for look in looks for pair in look["pairs"]][-_MOST_ROWS:]
    reach = 1.25 * max(wide, *(abs(finite(value)) for _, pair in rows for value in pair["shift"]))
    middle = WIDTH / 2

    def place(shift: float) -> float:
        return round(middle + shift / reach * (middle - _LEFT), 1)

    return Figure(
        curves=_curves(histogram, cast("dict[str, Any]", data["medians"])),
        bins=_bins(histogram),
        intervals=tuple(_interval(row, number, place) for number, row in enumerate(rows)),
        height=len(rows) * _ROW + 22,
        shifts=tuple(
            Tick(place(shift), f"{shift:+.0f}" if shift else "0")
            for shift in (-wide, -tolerance, 0.0, tolerance, wide)
        ),
        fails=(place(-tolerance), place(tolerance)),
        passes=(place(-wide), place(wide)),
        tolerance=f"{tolerance:.0f}",
        wide=f"{wide:.0f}",
    )


def _interval(row: tuple[dict[str, Any], dict[str, Any]], number: int, place: Any) -> Interval:
    look, pair = row
    low, effect, high = (finite(value) for value in pair["shift"])
    first, second = (single_line(str(name)) for name in pair["pair"])
    return Interval(
        y=number * _ROW + _ROW / 2,
        low=place(low),
        effect=place(effect),
        high=place(high),
        outcome=str(pair["outcome"]),
        words=(
            f"{first} against {second}, {int(look['blocks'])} requests of each:"
            f" {effect:+.1f} µs [{low:+.1f}, {high:+.1f}], {pair['outcome']}"
        ),
    )


def _curves(histogram: dict[str, Any], medians: dict[str, Any]) -> tuple[Curve, ...]:
    counts = {
        str(name): [finite(count) for count in found][:_MOST_BINS]
        for name, found in list(histogram["counts"].items())[:_MOST_CLASSES]
    }
    most = max(max(found) for found in counts.values()) or 1.0
    return tuple(
        Curve(single_line(name), _steps(found, most), f"{finite(medians[name]):.0f}")
        for name, found in counts.items()
    )


def _steps(counts: list[float], most: float) -> str:
    """Return a line in steps: each bin is as wide as it is, and as high as it is often."""
    step = (WIDTH - _LEFT - _RIGHT) / len(counts)
    points: list[str] = []
    for number, count in enumerate(counts):
        y = round(_HIGH - count / most * (_HIGH - 8), 1)
        points += [f"{_LEFT + number * step:.1f},{y}", f"{_LEFT + (number + 1) * step:.1f},{y}"]
    return " ".join(points)


def _bins(histogram: dict[str, Any]) -> tuple[Tick, ...]:
    start, width = finite(histogram["start"]), finite(histogram["width"])
    count = len(next(iter(histogram["counts"].values())))
    step = (WIDTH - _LEFT - _RIGHT) / count
    places = [round(part * count / 4) for part in range(5)]
    return tuple(Tick(_LEFT + n * step, f"{start + n * width:.0f}") for n in places)


def finite(value: Any) -> float:
    """Return a finite number; ValueError for anything else."""
    found = float(value)
    if not math.isfinite(found):
        raise ValueError("not a finite number")
    return found
