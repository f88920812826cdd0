"""The parts of a drafted profile: its entries, its quoting, and what is read from a target."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.channels.http.answer import Answer, Transport
from conformance.drafting import announced
from conformance.drafting.announced import Tool
from conformance.drafting.draft import Draft
from conformance.drafting.survey import Survey
from conformance.model import Channel
from conformance.profile import reading as profile
from conformance.text.toml_text import quoted

if TYPE_CHECKING:
    from pathlib import Path

NOT_IN_A_PROFILE = {Channel.HTTP, Channel.ADDRESSES, Channel.OFFICIAL_CLIENT, Channel.LISTENER} | {
    *(Channel.TOKEN_SIGNER, Channel.SESSION_TOKEN)
}


def uncommented(text: str) -> str:
    """Return a draft with every entry counting."""
    return re.sub(r"(?m)^#(?=[^\s:])", "", text)


def test_with_its_comments_taken_away_a_draft_supplies_every_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = uncommented(Draft(Survey("http://example.com/mcp"), str, None, None).text())
    for name in set(re.findall(r'env = "(\w+)"', text)):
        monkeypatch.setenv(name, f"value of {name}")
    path = tmp_path / "drafted.toml"
    path.write_text(text, encoding="utf-8")
    target = profile.load(path)
    assert {channel for channel in Channel if not target.has(channel)} <= NOT_IN_A_PROFILE
    assert target.known_failures
    assert target.not_applicable


def test_each_channel_that_a_profile_supplies_is_explained() -> None:
    text = " ".join(Draft(Survey("http://x/"), str, None, None).text().replace("\n# ", " ").split())
    # Any of three routes is an administrator's; each of them is explained by itself.
    for channel in set(Channel) - NOT_IN_A_PROFILE - {Channel.ADMIN_ROUTE}:
        words = " ".join(channel.supplied_by.split())
        assert words.removeprefix("the profile's ") in text


def test_a_draft_begins_with_the_tenants_and_has_the_given_key_in_its_place() -> None:
    text = Draft(Survey("http://example.com/mcp"), str, None, "THE_KEY").text()
    assert text.index("#[tenants.a]") < min(map(text.index, ("[routes]", "[headers]", "[tools]")))
    assert '#key = { env = "THE_KEY" }' in text
    assert "TENANT_A_KEY" not in text
    assert '#key = { env = "TENANT_B_KEY" }' in text


def test_a_draft_says_what_a_canary_is_and_where_postgresql_is_needed() -> None:
    text = Draft(Survey("http://example.com/mcp"), str, None, None).text().replace("\n# ", " ")
    assert "A canary is a string of your choice" in text
    assert "runtime role (PostgreSQL only)" in text


def test_what_is_announced_without_a_key_as_well_is_no_limit_of_the_key() -> None:
    found = Survey("http://example.com/mcp")
    found.limits = tuple(
        announced.Limit("RateLimit-Policy", f"q={requests}", requests, 60, is_of_key)
        for requests, is_of_key in ((100, False), (100, True), (300, True))
    )
    text = Draft(found, str, None, None).text()
    assert "\naddress_requests = 100\n" in text
    assert "#tenant_requests = 300\n" in text


@given(st.text(st.characters(codec=None)))
def test_quoted_words_come_back_as_they_were(words: str) -> None:
    line = quoted(words, len(words))
    assert all(letter.isprintable() for letter in line)
    whole = re.sub("[\ud800-\udfff]", "\ufffd", words)
    assert tomllib.loads(f"# {line}\nx = {line} # {line}") == {"x": whole}


def headers(**fields: str) -> Answer:
    """Return an answer with these fields."""
    named = tuple((name.replace("_", "-"), value) for name, value in fields.items())
    return Answer(Transport.ANSWERED, 401, named)


LIMITS: list[tuple[dict[str, str], list[tuple[int, int | None]]]] = [
    ({"RateLimit_Policy": '"a";q=100;w=60,"b";q=9;w=1'}, [(100, 60), (9, 1)]),
    ({"RateLimit_Policy": "100;w=60"}, [(100, 60)]),
    ({"RateLimit": "limit=10, remaining=9, reset=5"}, [(10, None)]),
    ({"X_RateLimit_Limit": "60"}, [(60, None)]),
    ({"X_RateLimit_Limit": "many"}, []),
    ({"RateLimit_Policy": "0;w=60, -1, 1e3, 12345678901234567890"}, []),
]


@pytest.mark.parametrize(("fields", "told"), LIMITS)
def test_limits_are_read_in_the_forms_that_are_in_use(
    fields: dict[str, str], told: list[tuple[int, int | None]]
) -> None:
    found = announced.limits([(headers(**fields), False)])
    assert [(one.requests, one.seconds) for one in found] == told


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://h:80/a?b=c", "/a?b=c"),
        ("http://h/", "/"),
        ("http://h:8080/a", None),
        ("https://h/a", None),
        ("http://other/a", None),
        ("http://h/a b", None),
        ("http://h@other/a", None),
        ("http://[", None),
        ("//h/a", None),
    ],
)
def test_only_a_plain_url_of_the_same_origin_has_a_path_to_ask(url: str, path: str | None) -> None:
    assert announced.path_of_same_origin(url, "http://h/mcp") == path


def test_a_policy_is_drafted_from_what_the_key_was_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = (Tool("read_accounts"), Tool("ping"))
    found = Survey("http://example.com/mcp", tools=tools, tools_with_key=True)
    text = uncommented(Draft(found, str, None, None).text())
    for name in set(re.findall(r'env = "(\w+)"', text)):
        monkeypatch.setenv(name, f"value of {name}")
    path = tmp_path / "drafted.toml"
    path.write_text(text, encoding="utf-8")
    policy = profile.load(path).policy
    may = [policy.may("key", one) for one in ("read_accounts", "ping", "pay")]
    assert may == [True, True, False]
