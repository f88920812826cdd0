"""A proxy's word counts when a proxy has signed it, for one request, once, and for a minute."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from reference_server.core.errors import ConfigurationError, StorageUnavailableError
from reference_server.core.vocabulary import Scheme, Tier
from reference_server.sessions.proxy import (
    WINDOW_SECONDS,
    Bound,
    Identity,
    MemoryNonces,
    SharedNonces,
    SignedProxyIdentities,
    sign,
)
from reference_server.tests.fakes import PROXY_SECRET, TENANT_A, TENANT_B, World

if TYPE_CHECKING:
    from pathlib import Path

    from reference_server.core.principal import Principal

BOUND = Bound("POST", "/mcp")
WHO = Identity(TENANT_A, "ada@example.org", Tier.SERVICE, ("reader",))
BEFORE = b"the-secret-that-proxies-had-before-this-one."


def word(world: World, identity: Identity = WHO, secret: bytes = PROXY_SECRET) -> str:
    return sign(secret, identity, BOUND, world.clock.now())


def proxies(world: World, *secrets: bytes) -> SignedProxyIdentities:
    return SignedProxyIdentities(secrets, world.clock, MemoryNonces())


def heard(one: SignedProxyIdentities, value: str) -> Principal | None:
    return one.verify(value, "POST", "/mcp")


def test_a_signed_word_speaks_for_whom_it_names() -> None:
    world = World()
    found = heard(proxies(world, PROXY_SECRET), word(world))
    assert found is not None
    assert (found.tenant_id, found.subject, found.tier) == (TENANT_A, WHO.subject, Tier.SERVICE)
    assert (found.scheme, found.key_id, found.roles) == (Scheme.PROXY, None, {"reader"})


def test_a_word_serves_once() -> None:
    world = World()
    one, told = proxies(world, PROXY_SECRET), word(world)
    assert heard(one, told) is not None
    assert heard(one, told) is None
    assert heard(one, word(world)) is not None


def test_a_word_serves_the_request_it_was_signed_for() -> None:
    world = World()
    one = proxies(world, PROXY_SECRET)
    assert one.verify(word(world), "DELETE", "/mcp") is None
    assert one.verify(word(world), "POST", "/auth/session") is None


@pytest.mark.parametrize("seconds", [-WINDOW_SECONDS - 1, WINDOW_SECONDS + 1, 3600])
def test_a_stale_word_and_one_of_the_future_are_refused(seconds: int) -> None:
    world = World()
    told = word(world)
    world.clock.advance(seconds)
    assert heard(proxies(world, PROXY_SECRET), told) is None


@pytest.mark.parametrize("seconds", [-WINDOW_SECONDS, WINDOW_SECONDS])
def test_a_clock_may_be_a_minute_off(seconds: int) -> None:
    world = World()
    told = word(world)
    world.clock.advance(seconds)
    assert heard(proxies(world, PROXY_SECRET), told) is not None


def test_both_secrets_count_while_they_are_changed() -> None:
    world = World()
    one = proxies(world, PROXY_SECRET, BEFORE)
    assert heard(one, word(world, secret=BEFORE)) is not None
    assert heard(one, word(world)) is not None
    assert heard(proxies(world, PROXY_SECRET), word(world, secret=BEFORE)) is None


def test_without_a_secret_no_word_counts() -> None:
    world = World()
    assert heard(proxies(world), word(world, secret=b"")) is None


def _altered(told: str) -> dict[str, str]:
    fields = dict(part.split("=", 1) for part in told.removeprefix("v1 ").split(","))
    other = {"tenant": str(TENANT_B), "subject": "ada@example.org"}
    forged = base64.urlsafe_b64encode(json.dumps(other).encode()).rstrip(b"=").decode()

    def with_field(name: str, value: str) -> str:
        return "v1 " + ",".join(f"{key}={one}" for key, one in (fields | {name: value}).items())

    return {
        "another tenant": with_field("id", forged),
        "another time": with_field("t", str(int(fields["t"]) + 1)),
        "another nonce": with_field("n", "n" * 22),
        "no signature": with_field("sig", ""),
        "another signature": with_field("sig", "A" * 43),
        "another version": told.replace("v1", "v2"),
        "in plain words": f"v1 tenant={TENANT_A}",
        "a tail": told + "x",
        "twice": f"{told},{told}",
    }


def test_an_altered_word_is_refused() -> None:
    world = World()
    one = proxies(world, PROXY_SECRET)
    assert [what for what, text in _altered(word(world)).items() if heard(one, text)] == []


@pytest.mark.parametrize(
    "identity",
    [
        {"tenant": "a", "subject": "ada"},
        {"tenant": str(TENANT_A)},
        {"tenant": str(TENANT_A), "subject": "ada", "tier": "root"},
        {"tenant": str(TENANT_A), "subject": "ada", "more": 1},
        {"tenant": str(TENANT_A), "subject": 1},
        [],
    ],
)
def test_a_signed_word_that_says_something_else_is_refused(
    monkeypatch: pytest.MonkeyPatch, identity: object
) -> None:
    world = World()

    def said(told: object, separators: object) -> str:
        del told, separators
        return str(identity).replace("'", '"')

    monkeypatch.setattr(json, "dumps", said)
    told = word(world)
    assert heard(proxies(world, PROXY_SECRET), told) is None


def test_nonces_are_remembered_while_a_word_counts_and_no_more_than_there_is_room() -> None:
    nonces = MemoryNonces(most=2, seconds=60)
    assert [nonces.take(one) for one in ("a", "b", "a")] == [True, True, False]
    with pytest.raises(StorageUnavailableError):
        nonces.take("c")
    short = MemoryNonces(most=1, seconds=0)
    assert [short.take(one) for one in ("a", "b", "a")] == [True, True, True]


class _Redis:
    """Answers ``SET NX`` as Redis does."""

    def __init__(self, *, fails: bool = False) -> None:
        self.held: set[str] = set()
        self._fails = fails

    def set(self, name: str, value: int, *, nx: bool, ex: int) -> bool | None:
        """Set what is not there yet."""
        from redis import ConnectionError as RedisConnectionError

        if self._fails:
            raise RedisConnectionError
        assert (value, nx) == (1, True)
        assert ex > 2 * WINDOW_SECONDS
        is_new = name not in self.held
        self.held.add(name)
        return True if is_new else None


def test_several_processes_share_their_nonces() -> None:
    client = cast("Any", _Redis())
    assert SharedNonces(client).take("a")
    assert not SharedNonces(client).take("a")
    with pytest.raises(StorageUnavailableError):
        SharedNonces(cast("Any", _Redis(fails=True))).take("a")


def test_a_word_can_be_had_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from reference_server.__main__ import main
    from reference_server.core.clock import SystemClock

    options = ["proxy-word", "--secrets", str(tmp_path), "--tenant", str(TENANT_A)]
    assert main(options) == 2
    assert "PROXY_SIGNING_SECRET is missing" in capsys.readouterr().err
    (tmp_path / "PROXY_SIGNING_SECRET").write_bytes(PROXY_SECRET)
    assert main([*options, "--subject", "ada", "--tier", "mcp", "--role", "reader"]) == 0
    one = SignedProxyIdentities((PROXY_SECRET,), SystemClock(), MemoryNonces())
    found = heard(one, capsys.readouterr().out.strip())
    assert found is not None
    assert (found.subject, found.tier, found.roles) == ("ada", Tier.MCP, {"reader"})


def test_a_sample_signs_no_word(tmp_path: Path) -> None:
    from reference_server.core.secrets import PROXY_SIGNING, find_signing

    assert find_signing(tmp_path, PROXY_SIGNING) == ()
    (tmp_path / PROXY_SIGNING).write_text("change-me-change-me-change-me-change-me")
    with pytest.raises(ConfigurationError, match="PROXY_SIGNING_SECRET is a sample"):
        find_signing(tmp_path, PROXY_SIGNING)
