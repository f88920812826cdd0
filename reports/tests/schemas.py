"""Validates documents against the schemas of ``fixtures/schemas``, without a network."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, Draft7Validator

FOLDER = Path(__file__).parents[2] / "fixtures" / "schemas"


def sarif_errors(text: str) -> list[str]:
    """Return what the OASIS schema finds wrong with a SARIF document."""
    return _errors(_sarif(), json.loads(text))


def oscal_errors(text: str) -> list[str]:
    """Return what NIST's schema finds wrong with OSCAL assessment results."""
    return _errors(_oscal(), json.loads(text))


def _errors(validator: Any, document: Any) -> list[str]:
    return [
        f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(document)
    ]


@cache
def _sarif() -> Any:
    return Draft4Validator(_load("sarif-2.1.0"), format_checker=Draft4Validator.FORMAT_CHECKER)


@cache
def _oscal() -> Any:
    # Python's expressions do not know classes of Unicode by their properties.
    words = (FOLDER / "oscal-assessment-results-1.2.3.schema.json").read_text("utf-8")
    known = words.replace(r"\\p{L}", r"[^\\W\\d_]").replace(r"\\p{N}", r"\\d")
    return Draft7Validator(json.loads(known), format_checker=Draft7Validator.FORMAT_CHECKER)


def _load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.schema.json").read_text("utf-8"))
