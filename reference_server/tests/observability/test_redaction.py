"""The redactor: what it removes, what it leaves, and that no message makes it slow."""

from __future__ import annotations

import time

import pytest

from reference_server.observability.redaction import (
    MOST_CHARACTERS,
    MOST_VALUES,
    TOO_DEEP,
    TOO_MANY,
    TokenRedactor,
    names_a_secret,
)

SECRET = "s3cr3t-c4n4ry"


@pytest.mark.parametrize(
    "text",
    [
        f"Bearer {SECRET}",
        f"failed: bearer\t{SECRET}, try later",
        f"Basic {SECRET}",
        f"Bearer%20{SECRET}",
        f"repr('Bearer\\t{SECRET}')",
        f"ya29.{SECRET}",
        "EAAs3cr3tc4n4ry",
        f'{{"access_token":"{SECRET}"}}',
        f'{{\\"refresh_token\\": \\"{SECRET}\\"}}',
        f"https://x/?api_key={SECRET}&q=1",
        f"Authorization: Bearer {SECRET}",
        f"client-secret={SECRET}",
        f"token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.{SECRET} is over",
        f"eyJhbGci{SECRET}",
        f"X-Mcp-Proxy-Auth: v1 t=1,n=2,id=e30,sig={SECRET}",
        f"sig={SECRET}",
    ],
)
def test_a_token_inside_a_text_is_removed(text: str) -> None:
    scrubbed = TokenRedactor().scrub(text)
    assert SECRET not in scrubbed
    assert "s3cr3tc4n4ry" not in scrubbed
    assert "[REDACTED]" in scrubbed


@pytest.mark.parametrize(
    "text", ["all is well", "a bear in the basement", "tool ping took 3 ms", "keyJournal"]
)
def test_a_text_without_a_token_is_left_alone(text: str) -> None:
    assert TokenRedactor().scrub(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "access_token",
        "refreshToken",
        "CLIENT_SECRET",
        "authorization",
        "Proxy-Authorization",
        "X-Api-Key",
        "apikey",
        "x-admin-token",
        "X-MCP-Proxy-Auth",
        "Password",
        "Set-Cookie",
    ],
)
def test_a_field_named_like_a_secret_loses_its_value_at_any_depth(name: str) -> None:
    assert names_a_secret(name)
    value = {"list": [{"deeper": ({name: {"even": SECRET}},)}], "kept": 1}
    assert SECRET not in str(TokenRedactor().scrub(value))
    assert TokenRedactor().scrub(value)["kept"] == 1


def test_an_exception_becomes_its_text_and_its_causes() -> None:
    error = RuntimeError("outer")
    error.__cause__ = ValueError(f"inner Bearer {SECRET}")
    scrubbed = TokenRedactor().scrub({"error": error})
    assert scrubbed == {
        "error": "RuntimeError: outer; caused by ValueError: inner Bearer [REDACTED]"
    }


def test_nothing_passes_unscrubbed_because_it_is_deep_or_odd() -> None:
    deep: object = f"Bearer {SECRET}"
    for _ in range(500):
        deep = [deep]

    class Odd:
        def __str__(self) -> str:
            raise ValueError(SECRET)

    scrubbed = str(TokenRedactor().scrub([deep, Odd(), f"ya29.{SECRET}".encode()]))
    assert SECRET not in scrubbed
    assert TOO_DEEP in scrubbed
    assert "<Odd>" in scrubbed


@pytest.mark.parametrize(
    "unit",
    [
        "Bearer ",
        "Bearer",
        "Bearer:",
        "ya29.",
        "EAA",
        "eyJ",
        "eyJabcde.",
        "sig=",
        "secret",
        'secret="',
        "password: ",
        " ",
    ],
)
def test_the_time_grows_no_faster_than_the_message(unit: str) -> None:
    """A megabyte takes well under a second; a quadratic pattern would take hours."""
    begun = time.process_time()
    TokenRedactor().scrub(unit * (1_000_000 // len(unit)))
    TokenRedactor().scrub("Bearer" + unit * (1_000_000 // len(unit)))
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("before", range(-40, 3))
def test_a_secret_at_the_cut_of_a_long_text_is_removed(before: int) -> None:
    text = "x" * (MOST_CHARACTERS + before - 1) + f" password={SECRET} " + "y" * 100_000
    scrubbed = TokenRedactor().scrub(text)
    assert len(scrubbed) < MOST_CHARACTERS + 100
    assert SECRET[:4] not in scrubbed


def test_a_wide_structure_is_cut() -> None:
    wide = TokenRedactor().scrub({"a": ["v"] * 10 * MOST_VALUES, "b": "w"})
    assert len(wide["a"]) <= MOST_VALUES + 1
    assert wide["a"][-1] == TOO_MANY
    assert wide[TOO_MANY] == TOO_MANY
    nested = TokenRedactor().scrub([[["v"] * 100] * 100] * 100)
    assert str(nested).count("v") <= MOST_VALUES
