"""What forms ask for and links carry: secrets are known by their words, and much else is none."""

from __future__ import annotations

import pytest

from conformance.text.sensitive import lets_in, personal_in, secret_in_form

PAGE = "https://example.org/confirm"


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("password", {"type": "string"}),
        ("userPassword", {"type": "string"}),
        ("api_key", {"type": "string"}),
        ("OpenAIApiKey", {"type": "string"}),
        ("accessToken", {}),
        ("value", {"type": "string", "format": "password"}),
        ("value", {"type": "string", "title": "Client secret"}),
        ("value", {"type": "string", "description": "Please paste your API key"}),
        ("cardNumber", {"type": "string"}),
    ],
)
def test_a_form_that_asks_for_a_secret_is_known(name: str, field: dict[str, str]) -> None:
    assert secret_in_form({"properties": {name: field}}, "Please fill it in.")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("confirm", {"type": "boolean", "title": "Delete the tokens"}),
        ("max_tokens", {"type": "integer"}),
        ("token", {"type": "integer"}),
        ("keyName", {"type": "string", "description": "Do not enter your API key here"}),
        ("secretary", {"type": "string"}),
        ("pinned", {"type": "string"}),
        ("monkey", {"type": "string"}),
    ],
)
def test_a_form_that_asks_for_none_is_left_alone(name: str, field: dict[str, str]) -> None:
    assert secret_in_form({"properties": {name: field}}, "Delete 3 API keys?") is None


@pytest.mark.parametrize(
    ("message", "asks"),
    [
        ("Enter your password to go on.", True),
        ("Please provide the API key of your account", True),
        ("Type in your one-time recovery code", True),
        ("Do not enter your password here.", False),
        ("You need not provide your API key.", False),
        ("Never paste a private key.", False),
        ("Delete the password policy?", False),
    ],
)
def test_a_message_asks_for_a_secret_or_does_not(message: str, *, asks: bool) -> None:
    assert (secret_in_form({}, message) is not None) == asks


@pytest.mark.parametrize(
    "url",
    [
        f"{PAGE}?access_token=x1",
        f"{PAGE}#token=x1",
        f"{PAGE}?api_key=x1",
        "https://user:word@example.org/",
        f"{PAGE}?s=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    ],
)
def test_a_link_that_lets_in_is_known(url: str) -> None:
    assert lets_in(url)


@pytest.mark.parametrize(
    "url",
    [PAGE, f"{PAGE}/3f2a?state=9c1b", f"{PAGE}?client_id=a&code_challenge=b&scope=c"],
)
def test_a_link_with_an_id_alone_is_left_alone(url: str) -> None:
    assert lets_in(url) is None
    assert personal_in(url) is None


@pytest.mark.parametrize(
    "url", [f"{PAGE}?email=a", f"{PAGE}/jane%40example.org", f"{PAGE}?u=jane%40example.org"]
)
def test_a_link_that_tells_of_somebody_is_known(url: str) -> None:
    assert personal_in(url)
