"""Requests that are sent at once hand out keys at once, and their records are redacted at once."""

from __future__ import annotations

import secrets
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from conformance.text.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE, EACH = 8, 12


@pytest.fixture
def _threads_take_turns() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_threads_take_turns")
def test_what_is_known_stays_hidden_while_more_is_learned() -> None:
    known = secrets.token_urlsafe(24)
    redactor = Redactor({known: "known"})

    def learn_and_redact(_: int) -> set[str]:
        shown: set[str] = set()
        for _ in range(EACH):
            new = secrets.token_urlsafe(24)
            redactor.learn(new, "new")
            shown.add(redactor(f"{known} {known[:16]} {new} {new[-16:]}"))
        return shown

    with ThreadPoolExecutor(AT_ONCE) as pool:
        shown = set[str]().union(*pool.map(learn_and_redact, range(AT_ONCE)))
    assert shown == {"<known> <known>… <new> <new>…"}


def test_a_line_that_was_shown_hides_what_is_learned_later() -> None:
    new = secrets.token_urlsafe(24)
    redactor = Redactor({})
    assert redactor(f"Authorization: Bearer {new}") == f"Authorization: Bearer {new}"
    redactor.learn(new, "new")
    assert redactor(f"Authorization: Bearer {new}") == "Authorization: Bearer <new>"
