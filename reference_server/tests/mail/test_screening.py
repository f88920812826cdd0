"""The corpus of messages is told apart, however they are spelt, and no ordinary one is refused."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import pytest

from reference_server.mail.contracts import Letter
from reference_server.mail.screening import PhishingScreen
from reference_server.mail.skeletons import readings, skeleton

CORPUS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "fixtures" / "corpora" / "mail.json").read_text("utf-8")
)
SCREEN = PhishingScreen(("Hallmark",))


def _is_refused(one: dict[str, Any]) -> bool:
    letter = Letter("a@example.com", one["subject"], one.get("body", ""), one.get("html", ""))
    return SCREEN.find(letter) is not None


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 150
    assert sum(not one["refused"] for one in CORPUS) >= 50


def test_phishing_is_refused_however_it_is_spelt() -> None:
    sent = [one for one in CORPUS if one["refused"] and not _is_refused(one)]
    assert sent == []


def test_no_ordinary_message_is_refused() -> None:
    withheld = [one for one in CORPUS if not one["refused"] and _is_refused(one)]
    assert withheld == []


def test_of_small_letters_m_alone_has_another_skeleton() -> None:
    """Patterns are taken to skeletons by that."""
    assert [one for one in string.ascii_lowercase if skeleton(one) != one] == ["m"]


@pytest.mark.parametrize(
    "spelt",
    ["pаypal", "PAYPAL", "p\u200bay\u00adpal", "ｐａｙｐａｌ", "pay\u0323pal", "p.a.y.p.a.l"],  # noqa: RUF001
)
def test_what_looks_alike_reads_alike(spelt: str) -> None:
    assert "paypal" in readings(spelt)


def test_a_link_that_says_another_host_is_refused() -> None:
    for target in ("https://elsewhere.example/", "https://bank.example@elsewhere.example/"):
        html = f'<a href="{target}">bank.example</a>'
        assert SCREEN.find(Letter("a@example.com", "Hello", html=html)) is not None
