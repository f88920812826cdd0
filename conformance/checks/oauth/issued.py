"""OAUTH: access tokens that a trusted issuer has signed, in which one claim is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.results import field_of, is_tenant
from conformance.checks.oauth._common import HOUR, MINUTE, claimed, let_in
from conformance.model import Channel
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish
from conformance.world.issuer.minting import Recipe

if TYPE_CHECKING:
    from conformance.channels.http.issued import IssuedDesk
    from conformance.channels.passage import Passage

OTHER = "https://another.example/mcp"


def other_audiences(issued: IssuedDesk) -> dict[str, Recipe]:
    """Return tokens that are not for the target, by what their audience is."""
    own = issued.audience
    return {
        "another": claimed(aud=OTHER),
        "none": claimed(aud=None),
        "an empty list": claimed(aud=[]),
        "a list without the target": claimed(aud=[OTHER, "urn:example:other"]),
        "one that begins like the target": claimed(aud=f"{own}.another.example"),
        "one that ends like the target": claimed(aud=f"https://another.example/?{own}"),
    }


def require(issued: IssuedDesk, what: str) -> None:
    """Raise NotApplicableError where the profile does not say that this is looked at."""
    if what not in issued.wanted.checks:
        raise NotApplicableError(f"world.issuer.access.checks does not name {what}")


@requirement("OAUTH-18")
def test_a_token_for_another_audience_is_refused(issued: IssuedDesk) -> None:
    """The audience alone differs, in every form that it may have."""
    found = let_in(issued, other_audiences(issued))
    assert not found, f"tokens were let in whose audience is {found}"


@requirement("OAUTH-18")
def test_a_token_for_several_audiences_counts(issued: IssuedDesk) -> None:
    """A list of two that names the target (RFC 7519 section 4.1.3), and a list of it alone."""
    issued.establish()
    for names in ([OTHER, issued.audience], [issued.audience]):
        answer = issued.show_right(recipe=claimed(aud=names))
        assert answer.succeeded, f"a token for {len(names)} listed audiences got {answer}"


@requirement("OAUTH-18")
def test_a_token_of_another_issuer_is_refused(issued: IssuedDesk) -> None:
    """By the trusted issuer's key, in another name: who has signed for one speaks for no other."""
    url = issued.issuer.channel.url
    cases = {
        "another": claimed(iss="https://another.example"),
        "absent": claimed(iss=None),
        "one that begins like the right one": claimed(iss=f"{url}/another"),
    }
    found = let_in(issued, cases)
    assert not found, f"tokens were let in whose issuer is {found}"


@requirement("OAUTH-18")
def test_a_token_that_has_run_out_is_refused(issued: IssuedDesk, passage: Passage) -> None:
    """Ten minutes ago at least, which is beyond any usual leeway."""
    now = int(passage.now())
    cases = {
        "ten minutes ago": claimed(exp=now - 10 * MINUTE, iat=now - HOUR, nbf=now - HOUR),
        "a day ago": claimed(exp=now - 24 * HOUR, iat=now - 25 * HOUR, nbf=now - 25 * HOUR),
    }
    found = let_in(issued, cases)
    assert not found, f"tokens were let in that ended {found}"


@requirement("OAUTH-18")
def test_a_token_without_an_end_is_refused(issued: IssuedDesk) -> None:
    """All else is right, so that it would count for ever."""
    found = let_in(issued, {"no end": claimed(exp=None)})
    assert not found, f"a token was let in that has {found}"


@requirement("OAUTH-18")
def test_a_token_is_refused_before_its_time(issued: IssuedDesk, passage: Passage) -> None:
    """An hour ahead, which is beyond any leeway."""
    later = int(passage.now()) + HOUR
    found = let_in(issued, {"an hour": claimed(nbf=later, exp=later + HOUR)})
    assert not found, f"a token was let in {found} before its time"


@requirement("OAUTH-18")
def test_a_token_of_another_type_is_refused(issued: IssuedDesk) -> None:
    """The header alone differs: an ID token, say, which clients get, opens nothing."""
    require(issued, "type")
    kinds = {"JWT": "JWT", "of no type": None, "logout+jwt": "logout+jwt"}
    found = let_in(issued, {what: Recipe(header={"typ": typ}) for what, typ in kinds.items()})
    assert not found, f"tokens were let in that are {found}"


@requirement("OAUTH-18")
def test_a_token_of_another_client_is_refused(issued: IssuedDesk) -> None:
    """Issued to somebody else's program, for the same audience."""
    require(issued, "client")
    cases = {"another": claimed(client_id="another-client"), "absent": claimed(client_id=None)}
    found = let_in(issued, cases)
    assert not found, f"tokens were let in whose client is {found}"


@requirement("OAUTH-18")
def test_a_token_without_the_scope_is_refused(issued: IssuedDesk) -> None:
    """The scope alone differs; one that holds the right word is another word."""
    require(issued, "scope")
    cases = {
        "another": claimed(scope="another"),
        "absent": claimed(scope=None),
        "empty": claimed(scope=""),
        "one longer word": claimed(scope="".join(f"{issued.wanted.scope}-not".split())),
    }
    found = let_in(issued, cases)
    assert not found, f"tokens were let in whose scope is {found}"


@requirement("OAUTH-18", also_needs=(Channel.KEYS, Channel.PING_TOOL))
def test_a_token_opens_its_own_tenant(issued: IssuedDesk) -> None:
    """Of two users of two tenants each gets what is his tenant's."""
    issued.establish()
    target = issued.wire.target
    tenants = supplied(target.tenants)
    users = {issued.wanted.a: tenants.a.id, issued.wanted.b: tenants.b.id}
    for user, tenant in users.items():
        if user is None:
            raise NotApplicableError("world.issuer.access names no user of tenant B")
        answer = issued.wire.call_ping(key=issued.right(user))
        establish(answer.succeeded, f"a right token of the issuer calls a tool (got {answer})")
        told = field_of(answer, target, "tenant")
        assert is_tenant(answer, target, tenant), f"the token of {user} opened the tenant {told}"
