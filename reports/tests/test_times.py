"""The drawings of a timing check: they hold what the record says, and nothing else gets in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reports.times import WIDTH, figure


def _data(**changed: Any) -> str:
    look = {
        "blocks": 250,
        "tolerance": 25.0,
        "wide": 50.0,
        "outcome": "leak",
        "pairs": [
            {"pair": ["missing", "invalid"], "shift": [80.0, 100.0, 120.0], "outcome": "leak"}
        ],
    }
    data = {
        "looks": [look],
        "medians": {"missing": 700.0, "invalid": 800.0},
        "histogram": {
            "start": 600.0,
            "width": 10.0,
            "counts": {"missing": [1, 5, 2, 0], "invalid": [0, 1, 5, 2]},
        },
    }
    return json.dumps(data | changed)


def test_a_leak_stands_outside_both_tolerances() -> None:
    found = figure(_data())
    assert found is not None
    (row,) = found.intervals
    assert found.passes[0] < found.fails[0] < WIDTH / 2 < found.fails[1] < found.passes[1]
    assert found.passes[1] < row.low < row.effect < row.high <= WIDTH
    assert "missing against invalid, 250 requests of each: +100.0 µs" in row.words


def test_each_class_has_a_curve_on_a_common_scale() -> None:
    found = figure(_data())
    assert found is not None
    assert [(curve.name, curve.median) for curve in found.curves] == [
        ("missing", "700"),
        ("invalid", "800"),
    ]
    assert [tick.text for tick in found.bins] == ["600", "610", "620", "630", "640"]
    peaks = [min(float(p.split(",")[1]) for p in c.points.split()) for c in found.curves]
    assert peaks[0] == peaks[1]


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        "{}",
        "[" * 100_000,
        _data(looks=[]),
        _data(medians={}),
        _data(histogram={"start": "x", "width": 1, "counts": {"a": [1]}}),
        _data(histogram={"start": 0, "width": 1, "counts": {}}),
        _data().replace("100.0", "NaN"),
        _data().replace("100.0", "1e999"),
    ],
)
def test_what_is_no_such_figure_is_not_drawn(text: str) -> None:
    assert figure(text) is None
