"""Which header values count as a credential, and how the admin token is compared."""

from __future__ import annotations

import pytest

from reference_server.keys.admin import AdminTokenGate
from reference_server.keys.reader import HeaderKeyReader


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ([("X-Api-Key", "k")], "k"),
        ([("x-api-key", " k ")], "k"),
        ([], None),
        ([("X-Api-Key", "")], None),
        ([("X-Api-Key", " \t")], None),
        ([("X-Api-Key", "k"), ("x-api-key", "k")], None),
        ([("X-Api-Key", "k"), ("X-API-KEY", "")], None),
        ([("X-Api-Key", "k,k")], None),
        ([("X_Api_Key", "k")], None),
        ([("Authorization", "Bearer k"), ("Cookie", "X-Api-Key=k")], None),
    ],
)
def test_one_unambiguous_header_is_a_credential(
    headers: list[tuple[str, str]], key: str | None
) -> None:
    assert HeaderKeyReader("X-Api-Key").read(headers) == key


@pytest.mark.parametrize(
    "presented", [None, "", "token", "the-toke", "the-token2", "THE-TOKEN", "\xff"]
)
def test_only_the_admin_token_itself_is_admitted(presented: str | None) -> None:
    gate = AdminTokenGate(b"the-token")
    assert gate.admits("the-token")
    assert not gate.admits(presented)


def test_a_missing_token_is_not_an_empty_one() -> None:
    assert not AdminTokenGate(b"").admits(None)
