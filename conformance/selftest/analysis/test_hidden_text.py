"""What texts hide, against a corpus: languages as they are written, and what hides among them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.analysis.hidden_markup import hidden_markup
from conformance.analysis.hidden_text import Hidden, hidden_characters

CORPUS = Path(__file__).parents[3] / "fixtures" / "corpora" / "hidden_text.json"
SAMPLES: list[dict[str, Any]] = json.loads(CORPUS.read_text("utf-8"))


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample["id"] for sample in SAMPLES])
def test_a_sample_hides_what_it_hides_and_nothing_else(sample: dict[str, Any]) -> None:
    text = sample["text"]
    found = {one.kind for one in (*hidden_characters(text), *hidden_markup(text))}
    assert found == ({sample["hides"]} if sample["hides"] else set()), sample["why"]


def test_the_corpus_is_large_and_of_both_kinds() -> None:
    clean = [sample for sample in SAMPLES if sample["hides"] is None]
    assert len(SAMPLES) >= 60
    assert len(clean) >= 30
    assert len(SAMPLES) - len(clean) >= 30


def test_what_tags_spell_is_told_in_letters() -> None:
    smuggled = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
    (found,) = hidden_characters(f"Adds.{smuggled}")
    assert found == Hidden("a tag character", 5, smuggled)
    assert str(found).endswith("which reads 'obey'")
    assert str(found).isascii()


def test_what_hides_nowhere_is_told_side_by_side_as_one() -> None:
    assert [str(one) for one in hidden_characters("a\u200b\u200bb\x1b")] == [
        "an invisible character at 1: U+200B U+200B",
        "a control character at 4: U+001B",
    ]
