"""What is learned of a tenant's data is its own, and stays so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from conformance.analysis.own_words import own_words, words_in
from conformance.checks.rls._reading import Reader
from conformance.forge.keys import Keys, TenantKeys
from conformance.profile.tenants import Tenant

ROW_A, ROW_B = "7c75b0f0-0cd0-41a1-acce-3dd73ce8ca08", "row_b-1993"
A = f'{{"rows": [{{"id": "{ROW_A}", "on": "2026-11-29", "by": "worker-1a", "n": 12345678}}]}}'
B = f'{{"rows": [{{"id": "{ROW_B}", "on": "2026-11-29", "by": "worker-1a", "mail": "bo1@b.org"}}]}}'


def test_what_both_are_shown_is_nobodys_own() -> None:
    assert own_words([A, A], [B, B]) == {ROW_A}
    assert own_words([B, B], [A, A]) == {ROW_B, "bo1@b.org"}


def test_what_was_shown_once_is_no_ones_own() -> None:
    assert own_words([A, A.replace("worker-1a", "worker-2b")], [B]) == {ROW_A}
    assert own_words([A, A.replace(ROW_A, "another-row-1")], [B]) == frozenset()
    assert own_words([], [B]) == frozenset()


def test_plain_words_and_plain_numbers_tell_nothing() -> None:
    assert words_in("customers 2026112900 ab1 " + "x1" * 40) == frozenset()


@dataclass
class _Answer:
    text: str
    succeeded: bool = True


@dataclass
class _Line:
    """Answers each tenant in turn with what was prepared for it."""

    texts: dict[str, list[str]]
    asked: list[str] = field(default_factory=list[str])

    def call_tool(self, name: str, arguments: dict[str, object], *, key: str) -> _Answer:
        """Answer with the next text, and with the last one for ever."""
        del name, arguments
        self.asked.append(key)
        texts = self.texts[key]
        return _Answer(texts.pop(0) if len(texts) > 1 else texts[0])


def reader(of_a: list[str], of_b: list[str]) -> Reader:
    """Return a reader of prepared answers."""
    of_a, of_b = [f"{one} CANARY-A" for one in of_a], [f"{one} CANARY-B" for one in of_b]
    tenants = [
        TenantKeys(Tenant.model_construct(id=f"tenant-{name}", key=name, canary=f"CANARY-{name}"))
        for name in "AB"
    ]
    line = _Line({"A": of_a, "B": of_b})

    def ask(tenant: TenantKeys) -> Any:
        return line.call_tool("list", {}, key=tenant.active)

    return Reader(ask, Keys(*tenants))


def test_a_row_that_strays_and_comes_back_is_told() -> None:
    one = reader([A], [B, B, B, f"{B} {ROW_A}", B])
    one.learn()
    assert one.astray() == ""
    one.read(0)
    assert one.astray() == f"what only the other is shown in quiet: {ROW_A}"


def test_what_both_are_shown_from_now_on_has_not_strayed() -> None:
    one = reader([A], [B, B, B, f"{B} {ROW_A}"])
    one.learn()
    one.read(0)
    assert one.astray() == ""


def test_what_its_owner_has_no_more_has_not_strayed() -> None:
    gone = A.replace(ROW_A, "row-of-a-2")
    one = reader([A, A, A, gone], [B, B, B, f"{B} {ROW_A}", B])
    one.learn()
    one.read(0)
    assert one.astray() == ""
