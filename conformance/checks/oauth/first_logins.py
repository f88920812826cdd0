"""OAUTH: somebody logs in for the first time: once, and only who may sign up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.logins import Who
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from conformance.channels.http.logins import Back, Logins

AT_ONCE = 6
ROUNDS = 2


@requirement("OAUTH-09")
def test_a_first_login_makes_one_user_and_one_tenant(logins: Logins) -> None:
    """Several browsers of one newcomer come back at once; whoever is signed in is the same one."""
    for _ in range(ROUNDS):
        claims = logins.somebody(supplied(logins.routes.newcomer))
        begun = [logins.begin() for _ in range(AT_ONCE)]
        urls = [(logins.sent_back(one, claims=claims), one.browser) for one in begun]
        backs = gather(lambda one: logins.come_back(*one), urls, at_once=AT_ONCE, what="logins")
        later = logins.log_in(claims=claims)
        assert later.who, f"a newcomer who may sign up is not signed in: {later.answer}"
        broken = [back.answer for back in backs if back.answer.status >= 500]
        assert not broken, f"a first login at the same time as another broke down: {broken[0]}"
        seen = {back.who for back in (*backs, later) if back.who is not None}
        assert len(seen) == 1, (
            f"{AT_ONCE} first logins at once, and one after, were {len(seen)} users: "
            f"{len({one.subject for one in seen})} subjects of {len({one.tenant for one in seen})}"
            " tenants"
        )


@requirement("OAUTH-09")
def test_two_newcomers_of_one_organization_share_its_tenant(logins: Logins) -> None:
    """The claim of the organization is the same, all else is another's."""
    name = logins.routes.organization
    newcomer = supplied(logins.routes.newcomer)
    if name is None or name not in newcomer:
        raise NotApplicableError("world.issuer.login names no claim of the organization")
    first = logins.somebody(newcomer)
    second = {**logins.somebody(newcomer), name: first[name]}
    one, other = (_who_of(logins.log_in(claims=claims)) for claims in (first, second))
    assert one.subject != other.subject, "two people of one organization are one user"
    assert one.tenant == other.tenant, "two people of one organization have two tenants"


@requirement("OAUTH-09")
def test_two_organizations_have_two_tenants(logins: Logins) -> None:
    """All is another's, so the two have nothing in common."""
    newcomer = supplied(logins.routes.newcomer)
    one, other = (_who_of(logins.log_in(claims=logins.somebody(newcomer))) for _ in range(2))
    assert one.tenant != other.tenant, "two organizations have one tenant"


@requirement("OAUTH-09")
def test_who_may_not_sign_up_is_not_signed_in(logins: Logins) -> None:
    """A newcomer who may has signed up before: only what the list looks at is another."""
    newcomer, uninvited = logins.routes.newcomer, logins.routes.uninvited
    if uninvited is None:
        raise NotApplicableError("world.issuer.login has no uninvited: anybody may sign up")
    back = logins.log_in(claims=logins.somebody(supplied(newcomer)))
    establish(back.who is not None, f"a newcomer who may sign up is signed in ({back.answer})")
    claims = logins.somebody(uninvited)
    for attempt in ("first", "second"):
        back = logins.log_in(claims=claims)
        assert back.who is None, f"who may not sign up was signed in at the {attempt} attempt"


@requirement("OAUTH-09")
def test_an_address_that_nobody_has_verified_is_on_no_list(logins: Logins) -> None:
    """The same newcomer's claims, but that the issuer says it has not verified the address."""
    newcomer = supplied(logins.routes.newcomer)
    if logins.routes.uninvited is None or newcomer.get("email_verified") is not True:
        raise NotApplicableError("the list does not look at verified addresses")
    back = logins.log_in(claims=logins.somebody(newcomer))
    establish(back.who is not None, f"a newcomer who may sign up is signed in ({back.answer})")
    for verified in (False, None):
        claims = {**logins.somebody(newcomer), "email_verified": verified}
        back = logins.log_in(claims=claims)
        assert back.who is None, "somebody signed up by an address that nobody has verified"


def _who_of(back: Back) -> Who:
    establish(back.who is not None, f"a newcomer who may sign up is signed in ({back.answer})")
    return back.who or Who("", "")
