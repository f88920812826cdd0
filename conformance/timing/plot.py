"""Draws shares of alarms as an SVG: a panel a leak, a line a rule."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 300, 200
_LEFT, _TOP, _RIGHT, _BOTTOM = 44, 30, 12, 38
_COLOURS = ("#0b6e4f", "#c0392b", "#2c5fa8", "#b8860b", "#6c3483")
_COLUMNS = 3


@dataclass(frozen=True)
class Panel:
    """One leak: its title, and for each rule the share of runs that alarmed by sample size."""

    title: str
    lines: dict[str, dict[int, float]]


def draw(title: str, panels: list[Panel]) -> str:
    """Return the SVG. Raises ValueError without a panel."""
    if not panels:
        raise ValueError("there is nothing to draw")
    columns = min(_COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    rules = list(panels[0].lines)
    width, height = columns * _WIDTH, rows * _HEIGHT + 60
    frame = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame} font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{width / 2}" y="18" text-anchor="middle" font-size="13">{escape(title)}</text>',
    ]
    for number, rule in enumerate(rules):
        x = 20 + number * (width - 40) / len(rules)
        parts.append(
            f'<path d="M{x:.0f} 40h18" stroke="{_colour(number)}" stroke-width="2"/>'
            f'<text x="{x + 22:.0f}" y="44">{escape(rule)}</text>'
        )
    for number, panel in enumerate(panels):
        x, y = number % columns * _WIDTH, 56 + number // columns * _HEIGHT
        parts.append(f'<g transform="translate({x} {y})">{_panel(panel)}</g>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel) -> str:
    sizes = sorted({size for line in panel.lines.values() for size in line})
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = [f'<text x="{_LEFT}" y="18" font-weight="bold">{escape(panel.title)}</text>']
    for share in (0, 0.5, 1):
        y = _y(share)
        parts.append(
            f'<path d="M{_LEFT} {y}H{right}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 4}" y="{y + 4}" text-anchor="end">{share:.0%}</text>'
        )
    parts.append('<g text-anchor="middle" font-size="9">')
    parts += [f'<text x="{_x(n, sizes):.0f}" y="{bottom + 14}">{n}</text>' for n in sizes]
    parts.append("</g>")
    parts.append(
        f'<text x="{(_LEFT + right) / 2}" y="{bottom + 30}" text-anchor="middle">'
        "requests of each kind</text>"
    )
    for number, line in enumerate(panel.lines.values()):
        points = " ".join(f"{_x(n, sizes):.1f},{_y(share):.1f}" for n, share in line.items())
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{_colour(number)}"'
            ' stroke-width="2" stroke-opacity="0.8"/>'
        )
    return "".join(parts)


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _x(size: int, sizes: list[int]) -> float:
    low, high = math.log(sizes[0]), math.log(max(sizes[-1], sizes[0] + 1))
    return _LEFT + (math.log(size) - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT - 10)


def _y(share: float) -> float:
    return _TOP + (1 - share) * (_HEIGHT - _TOP - _BOTTOM)
