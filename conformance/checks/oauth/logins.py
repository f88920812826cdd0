"""OAUTH: logins by OpenID Connect: which ID token counts, and in which browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.analysis.cookies import faults_of
from conformance.checks.oauth._common import HOUR, MINUTE, claimed
from conformance.requirement import requirement
from conformance.verdicts import establish
from conformance.waiting import wait_for
from conformance.world.issuer.minting import Recipe, Signer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.channels.http.logins import Logins
    from conformance.channels.passage import Passage

OTHER = "another-client"
_SOON = 5.0


def signed_in(logins: Logins, cases: Mapping[str, Recipe]) -> str:
    """Return by which ID tokens somebody was signed in, in words; empty where nobody was.

    A right one signs in before and after, so that what is different explains a refusal.
    """
    logins.establish()
    found = [what for what, recipe in cases.items() if logins.log_in(token=recipe).who]
    logins.establish()
    return "; ".join(found)


@requirement("OAUTH-07")
def test_an_id_token_that_the_issuer_has_not_signed_logs_nobody_in(logins: Logins) -> None:
    """The claims are right, the nonce among them: the signature alone is not the issuer's."""
    signers = {
        "a stranger under the issuer's key's id": Signer.STRANGER,
        "a stranger under an id of his own": Signer.UNKNOWN,
        "nobody": Signer.NOBODY,
        "the published key as a secret": Signer.PUBLIC,
    }
    found = signed_in(logins, {what: Recipe(signer=one) for what, one in signers.items()})
    assert not found, f"a login was completed by an ID token signed by {found}"


@requirement("OAUTH-07")
def test_an_id_token_with_one_wrong_claim_logs_nobody_in(logins: Logins, passage: Passage) -> None:
    """Each is signed by the issuer, and differs from a right one by one claim."""
    now = int(passage.now())
    cases = {
        "of another issuer": claimed(iss="https://another.example"),
        "of no issuer": claimed(iss=None),
        "for another client": claimed(aud=OTHER),
        "for nobody in particular": claimed(aud=None),
        "for a list of others": claimed(aud=[OTHER, "and-another"]),
        "that has run out": claimed(exp=now - 10 * MINUTE, iat=now - HOUR, nbf=None),
        "without an end": claimed(exp=None),
        "without a subject": claimed(sub=None),
    }
    found = signed_in(logins, cases)
    assert not found, f"a login was completed by an ID token {found}"


@requirement("OAUTH-07")
def test_an_id_token_of_another_login_logs_nobody_in(logins: Logins) -> None:
    """The nonce is what ties a token to the login that was begun: one of another is replayed."""
    nonces = {"another nonce": claimed(nonce="n" * 43), "no nonce": claimed(nonce=None)}
    found = signed_in(logins, nonces)
    assert not found, f"a login was completed by an ID token with {found}"


@requirement("OAUTH-07")
def test_a_login_counts_by_each_algorithm(logins: Logins) -> None:
    """Those of the profile, whose keys stand in one set."""
    for algorithm in logins.routes.algorithms:
        back = logins.log_in(token=Recipe(algorithm=algorithm))
        assert back.who, f"nobody was logged in by an ID token signed by {algorithm}: {back.answer}"


@requirement("OAUTH-07")
def test_a_login_counts_by_a_key_that_is_new(logins: Logins) -> None:
    """The issuer adds a key and signs by it: within the profile's time a login counts again."""
    logins.establish()
    recipe = logins.issuer.add_key(logins.routes.algorithms[0])
    seconds = logins.issuer.channel.refresh_seconds + _SOON
    who = wait_for(lambda: logins.log_in(token=recipe).who, seconds, pause=0.1)
    assert who, f"nobody was logged in by the issuer's new key within {seconds:.0f} s"
    logins.establish()


@requirement("OAUTH-13")
def test_another_browser_does_not_complete_a_login(logins: Logins) -> None:
    """The URL is a right one, which the browser that began could still use: so it is the browser.

    One that has begun nothing, and one that has begun another login.
    """
    logins.establish()
    begun, other = logins.begin(), logins.begin()
    for what, browser in (("no login", None), ("another login", other.browser)):
        url = logins.sent_back(begun)
        back = logins.come_back(url, browser or type(begun.browser)())
        assert back.who is None, f"a browser that had begun {what} was signed in: {back.answer}"
    logins.establish()


@requirement("OAUTH-13")
def test_a_login_with_another_state_is_not_completed(logins: Logins) -> None:
    """In the browser that began it, with a right code: the state alone is another, or none."""
    logins.establish()
    for what, state in (("another", "s" * 43), ("no", None), ("an empty", "")):
        back = logins.log_in(answer={"state": state})
        assert back.who is None, f"a login was completed with {what} state: {back.answer}"
    logins.establish()


@requirement("OAUTH-13")
def test_the_answer_of_another_issuer_is_refused(logins: Logins) -> None:
    """The issuer says in its metadata that its answers name it (RFC 9207 section 2.4)."""
    logins.establish()
    for what, name in (("another issuer", "https://another.example"), ("no issuer", None)):
        back = logins.log_in(answer={"iss": name})
        assert back.who is None, f"a login was completed whose answer names {what}: {back.answer}"
    logins.establish()


@requirement("OAUTH-13")
def test_the_cookie_of_a_login_is_kept_from_others(logins: Logins) -> None:
    """Those without which the login is not completed."""
    logins.establish()
    begun = logins.begin()
    fields = [value for name, value in begun.answer.headers if name.lower() == "set-cookie"]
    establish(fields, f"a cookie is set when a login begins (got {begun.answer})")
    for field in fields:
        name = field.partition("=")[0].strip()
        without = {key: one for key, one in begun.browser.cookies.items() if key != name}
        fresh = logins.begin()
        kept = {key: fresh.browser.cookies.get(key, one) for key, one in without.items()}
        if logins.come_back(logins.sent_back(fresh), type(fresh.browser)(kept)).who is not None:
            continue  # it binds nothing
        lacking = faults_of(field, name)
        if not name.startswith("__Host-"):
            lacking.append("without __Host- before its name")
        assert not lacking, f"the cookie {name} of a login is set {', '.join(lacking)}"
