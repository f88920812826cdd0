"""The page of bounds says what the code does."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

from reference_server.serving.budget import Budget
from reference_server.serving.parser import SLICE

PAGE = Path(__file__).parents[3] / "docs" / "budget.md"


def test_the_page_of_bounds_has_every_number() -> None:
    text = PAGE.read_text("utf-8")
    told = {name: float(number) for number, name in re.findall(r"(\d+) \(`([a-z_]+)`\)", text)}
    assert told == asdict(Budget())
    assert f"slices of {SLICE}" in text
