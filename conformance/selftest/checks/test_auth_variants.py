"""What AUTH tries beside the right key and the right path, against servers that fall for it."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, ClassVar

import pytest

from conformance.forge.keys import random_key
from conformance.forge.paths import MOST, variants
from conformance.forge.stored import forms_in
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROOT_SPELT = ("/.", "//", "/?x=1", "/;x=1", "/%2e", "/x/..", "/%2f")
NESTED_SPELT = (
    "/api/v1/MCP",
    "/api/v1/mcp/",
    "/api/v1//mcp",
    "/api/v1/%6dcp",
    "/api/v1/mcp;x=1",
    "/api/V1/mcp",
    "/API/v1/mcp",
    "/api//v1/mcp",
    "/api/v1;x=1/mcp",
    "/api/%761/mcp",
    "//api/v1/mcp",
)


@pytest.mark.parametrize("spelt", ROOT_SPELT)
def test_an_endpoint_at_the_root_is_spelt_too(spelt: str) -> None:
    assert spelt in variants("/")


@pytest.mark.parametrize("spelt", NESTED_SPELT)
def test_every_segment_of_a_path_is_spelt(spelt: str) -> None:
    assert spelt in variants("/api/v1/mcp")


def test_a_slash_at_the_end_is_left_out_and_a_query_kept() -> None:
    assert "/mcp" in variants("/mcp/")
    assert {"/MCP?v=2", "/mcp?x=/health&v=2"} <= set(variants("/mcp?v=2"))


@pytest.mark.parametrize("path", ["/", "/mcp", "/mcp/", "/a/b/c/d/e/f/g/h", "/a//b", "/?v=2"])
def test_the_spellings_are_bounded_and_none_is_the_path_itself(path: str) -> None:
    found = variants(path)
    assert path not in found
    assert len(set(found)) == len(found) <= MOST
    assert all(spelt.startswith("/") for spelt in found)


class _OneDoorOpen(Good):
    """Asks for no key where the path is spelt in one odd way."""

    door: ClassVar[str] = ""

    def tenant(self) -> str | None:
        """Take whoever came by the odd door for tenant A."""
        return "tenant-a" if self.path == self.door else super().tenant()


@pytest.mark.parametrize(
    ("path", "spelt"),
    [("/", "/;x=1"), ("/api/v1/mcp", "/api/v1/MCP"), ("/api/v1/mcp", "/api/v1//mcp")],
)
def test_one_open_spelling_is_a_violation(tmp_path: Path, path: str, spelt: str) -> None:
    class Door(_OneDoorOpen):
        door = spelt

    with serving(Door) as url:
        target = url.removesuffix("/mcp") + path
        found = judge(tmp_path, f"--target={target}", "--requirement=AUTH-10", profile=PROFILE)
    assert found.verdicts == {"AUTH-10": "fail"}
    assert spelt in found.output


class _Believes(Good):
    """Takes for open what a header says is another method, or another path."""

    header: ClassVar[tuple[str, str]] = ("", "")
    refused: ClassVar[str] = "X-None"

    def tenant(self) -> str | None:
        """Take whoever sends the header for tenant A."""
        name, value = self.header
        return "tenant-a" if self.headers.get(name) == value else super().tenant()

    def answer(self) -> None:
        """Refuse another header outright."""
        if self.headers.get(self.refused):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.reply(400, {"error": "bad_request"})
        else:
            super().answer()

    do_POST = answer


@pytest.mark.parametrize(
    ("name", "value", "refused"),
    [
        ("X-HTTP-Method-Override", "OPTIONS", "X-None"),
        ("X-Method-Override", "HEAD", "X-HTTP-Method-Override"),
        ("X-Original-URL", "/healthz", "X-None"),
        ("X-Rewrite-URL", "/health", "X-Original-URL"),
    ],
)
def test_an_override_that_a_guard_believes_is_a_violation(
    tmp_path: Path, name: str, value: str, refused: str
) -> None:
    class Door(_Believes):
        header = (name, value)

    Door.refused = refused
    profile = f'{PROFILE}\n[routes]\nhealth = "/healthz"\n'
    with serving(Door) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-10", profile=profile)
    assert found.verdicts == {"AUTH-10": "fail"}, found.output
    assert f"{name}: {value}" in found.output


def test_who_refuses_an_override_is_not_accused(tmp_path: Path) -> None:
    class Door(_Believes):
        refused = "X-Original-URL"

    with serving(Door) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-10", profile=PROFILE)
    assert found.verdicts == {"AUTH-10": "pass"}, found.output


def _sha256(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _lines(text: str) -> str:
    """Break a text after 76 characters, as PostgreSQL does with base64."""
    return "\n".join(text[at : at + 76] for at in range(0, len(text), 76))


STORED: dict[str, Callable[[str], str]] = {
    "the key": str,
    "the key in capitals": str.upper,
    "its bytes": lambda key: f"\\x{key.encode().hex()}",
    "its bytes in capitals": lambda key: key.encode().hex().upper(),
    "its base64": lambda key: base64.b64encode(key.encode()).decode(),
    "its base64 in lines": lambda key: _lines(base64.b64encode((key * 2).encode()).decode()),
    "the bytes it stands for": lambda key: base64.urlsafe_b64decode(f"{key}=").hex(),
    "SHA-256": lambda key: _sha256(key).hex(),
    "SHA-256 in capitals": lambda key: _sha256(key).hex().upper(),
    "SHA-256 in base64": lambda key: base64.b64encode(_sha256(key)).decode(),
    "SHA-256 in base64url": lambda key: base64.urlsafe_b64encode(_sha256(key)).decode(),
    "SHA-512 in lines": lambda key: _lines(
        base64.b64encode(hashlib.sha512(key.encode()).digest()).decode()
    ),
}


@pytest.mark.parametrize("form", STORED)
def test_a_key_is_found_in_whatever_form_it_is_stored(form: str) -> None:
    key = random_key()
    presented = key * 2 if form == "its base64 in lines" else key
    assert forms_in(json.dumps({"id": 1, "stored": STORED[form](key)}), presented)


def test_a_keyed_digest_is_no_form_of_the_key() -> None:
    key = random_key()
    keyed = hashlib.sha256(b"a secret" + key.encode()).hexdigest()
    assert not forms_in(json.dumps({"id": 1, "key_hash": keyed}), key)


def test_a_key_with_a_quote_in_it_is_found_in_json() -> None:
    key = 'a "quoted" key \\ of any form'
    assert forms_in(json.dumps({"stored": key}), key)
