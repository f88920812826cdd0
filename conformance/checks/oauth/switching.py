"""OAUTH: what stays visible of one organization when somebody switches to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.lists import entries_of, pages, uris_of
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.callers import Caller
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.orgs import Organization
    from conformance.forge.keys import Keys

RESOURCES = "resources/list"
MOST_READ = 20
"""Resources that are read of a list."""


@requirement("OAUTH-10")
def test_after_a_switch_nothing_of_the_former_organization_is_left(
    organization: Organization, keys: Keys, discovery: Discovery
) -> None:
    """There and back, in each era: every answer is of the organization that is acted for."""
    with organization.joined(organization.least_role()) as there:
        home = organization.switched(organization.guest, keys.b.tenant_id)
        for revision in sorted(discovery.eras, reverse=True):
            at_home, away = home.at(revision), there.at(revision)
            _require_only(organization, at_home, keys.b.canary, keys.a.canary, "before a switch")
            _require_only(organization, away, keys.a.canary, keys.b.canary, "after a switch")
            _require_none_in_its_session(organization, at_home, away, keys.b.canary)
        back = organization.switched(there, keys.b.tenant_id)
        told = "after a switch back"
        _require_only(organization, back, keys.b.canary, keys.a.canary, told)


def _require_only(
    organization: Organization, caller: Caller, own: str, former: str, when: str
) -> None:
    """Assert that a caller is shown one organization's data, and nothing of another's."""
    shown = list(_shown(organization, caller))
    leaks = [told for told, answer in shown if former in answer.text]
    assert not leaks, (
        f"{when}, in {caller.line.revision}, {leaks[0]} showed what only the other organization has"
    )
    seen = [told for told, answer in shown if own in answer.text]
    establish(seen, f"{when}, in {caller.line.revision}, the guest is shown what is there")


def _require_none_in_its_session(
    organization: Organization, home: Caller, away: Caller, former: str
) -> None:
    """Assert that a session from before the switch shows nothing to who acts for another now."""
    session = home.session()
    if session is None:
        return
    answer = away.call_tool(_tool(organization), {}, session)
    assert former not in answer.text, (
        f"in a session that was opened before the switch, a call was answered {answer}"
    )


def _shown(organization: Organization, caller: Caller) -> Iterator[tuple[str, Answer]]:
    """Yield what a caller can see: the tool of tenants' data, lists, and what they lead to."""
    tool, key = _tool(organization), str(caller.credential)
    yield tool, caller.call_tool(tool, {})
    for method in (RESOURCES, "prompts/list"):
        listed = list(pages(caller.line, method, key))
        yield from ((method, page) for page in listed)
        if method == RESOURCES:
            found = [one for page in listed for one in entries_of(page, method)]
            for uri in uris_of(found)[:MOST_READ]:
                yield f"resource {uri}", caller.call("resources/read", {"uri": uri})


def _tool(organization: Organization) -> str:
    return supplied(organization.callers.target.tools.tenant_data)
