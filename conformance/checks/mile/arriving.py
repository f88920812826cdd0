"""MILE: what a tool's process is given, by what it tells and by what reaches another service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.mile._common import (
    Variable,
    call_with_a_word,
    delivered,
    digest_of,
    is_provider_key,
    variables_of,
)
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from conformance.channels.http.downstream import Downstream
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.target import Target

AT_ONCE = 8
"""Calls of both tenants that meet."""


@requirement("MILE-01", also_needs=(Channel.ENVIRONMENT_TOOL,))
def test_the_process_of_a_tool_has_its_tenants_provider_keys(
    wire: Wire, keys: Keys, target: Target
) -> None:
    """The tool tells names and digests, so that no key is shown."""
    wanted = [name for name in delivered(keys.a) if is_provider_key(name, target)]
    if not wanted:
        raise NotAssessedError(
            "tenants.a.credentials names no provider's key: supply one of "
            f"{', '.join(target.delivery.provider_keys)}",
            Channel.DELIVERED,
        )
    for label, tenant in (("A", keys.a), ("B", keys.b)):
        found, own = variables_of(wire, tenant), delivered(tenant)
        for name in wanted:
            if name not in own:
                continue
            assert name in found, f"the process of a tool of tenant {label} has no {name}"
            is_own = found[name].digest == digest_of(own[name])
            assert is_own, f"{name} of a tool of tenant {label} is not what the tenant has"


@requirement("MILE-01", also_needs=(Channel.DOWNSTREAM, Channel.DOWNSTREAM_TOOL))
def test_a_tools_service_is_shown_its_tenants_provider_key(
    wire: Wire, keys: Keys, target: Target, downstream: Downstream
) -> None:
    """Each call holds a word of its own, by which it is found again where it arrives."""
    missing = _not_shown(wire, keys, target, downstream, are_provider_keys=True)
    assert not missing, f"what arrived did not show {', '.join(missing)}"


@requirement("MILE-03", also_needs=(Channel.DOWNSTREAM, Channel.DOWNSTREAM_TOOL))
def test_a_tools_service_is_shown_its_tenants_custom_secret(
    wire: Wire, keys: Keys, target: Target, downstream: Downstream
) -> None:
    """As with providers' keys, so that it is the right value that stands under a name."""
    missing = _not_shown(wire, keys, target, downstream, are_provider_keys=False)
    assert not missing, f"what arrived did not show {', '.join(missing)}"


def _not_shown(
    wire: Wire, keys: Keys, target: Target, downstream: Downstream, *, are_provider_keys: bool
) -> list[str]:
    """Return the credentials that calls should have shown, and did not.

    Where nothing arrives at all, a tool may just not reach the judge's API: NotEstablishedError.
    """
    tools = [
        tool
        for tool in target.tools.downstream
        if is_provider_key(tool.credential, target) is are_provider_keys
    ]
    if not tools:
        kind = "a provider's key" if are_provider_keys else "a custom secret"
        raise NotAssessedError(
            f"no tool of [[tools.downstream]] shows {kind}: name one", Channel.DOWNSTREAM_TOOL
        )
    missing, arrived = list[str](), 0
    for label, tenant in (("A", keys.a), ("B", keys.b)):
        for tool in tools:
            own = delivered(tenant).get(tool.credential)
            establish(own, f"tenants.{label.lower()}.credentials has {tool.credential}")
            word, answer = call_with_a_word(wire, tool.name, tool.arguments, tenant)
            calls = downstream.arrived(word) if answer.succeeded else downstream.calls(word)
            arrived += len(calls)
            if not any(call.shows(own or "") for call in calls):
                missing.append(f"tenant {label}'s {tool.credential}")
    establish(arrived, "a call of a tool arrives at the judge's API")
    return missing


@requirement("MILE-03")
def test_custom_secrets_stand_under_both_names_and_in_the_list(
    wire: Wire, keys: Keys, target: Target
) -> None:
    """The list holds names alone, so that its value may be shown."""
    custom = {
        name: value
        for name, value in delivered(keys.a).items()
        if not is_provider_key(name, target)
    }
    if not custom:
        raise NotAssessedError(
            "tenants.a.credentials names no custom secret: supply one", Channel.DELIVERED
        )
    found = variables_of(wire, keys.a)
    for name, value in custom.items():
        for spelling in dict.fromkeys((name, name.upper())):
            assert spelling in found, f"the process of a tool has no {spelling}"
            is_own = found[spelling].digest == digest_of(value)
            assert is_own, f"{spelling} is not what the tenant has"
    if target.delivery.custom_list:
        complaint = _misses(found.get(target.delivery.custom_list), custom)
        assert not complaint, f"{target.delivery.custom_list} {complaint}"


def _misses(variable: Variable | None, custom: dict[str, str]) -> str:
    """Return what is wrong with the list; nothing where it is right."""
    if variable is None:
        return "is not there"
    if variable.value is None:
        raise NotAssessedError(
            "the tool of [tools.environment] tells no value of the list: have it tell that one",
            Channel.ENVIRONMENT_TOOL,
        )
    listed = variable.value.split(",")
    if missing := [name.upper() for name in custom if name.upper() not in listed]:
        return f"does not list {', '.join(missing)}"
    if any(value in variable.value for value in custom.values()):
        return "holds a value"
    odd = [name for name in listed if name != name.upper() or "=" in name]
    return f"lists {odd[0]!r}, which is no name in upper case" if odd else ""


@requirement("MILE-04")
def test_a_process_has_no_credential_of_another_tenant(wire: Wire, keys: Keys) -> None:
    """One tenant after the other, and both at once: a process may be kept for the next caller."""
    pair = (("A", keys.a, keys.b), ("B", keys.b, keys.a))
    for label, tenant, other in (*pair, *pair):
        crossed = _of_another(variables_of(wire, tenant), tenant, other)
        assert not crossed, f"the process of a tool of tenant {label} has the other's {crossed[0]}"
    found = gather(
        lambda one: (one[0], _of_another(variables_of(wire, one[1]), one[1], one[2])),
        pair * (AT_ONCE // 2),
        at_once=AT_ONCE,
    )
    crossed = [f"tenant {label} has the other's {name}" for label, names in found for name in names]
    assert not crossed, f"of calls at the same time, a process for {crossed[0]}"


def _of_another(found: dict[str, Variable], tenant: TenantKeys, other: TenantKeys) -> list[str]:
    """Return what a process has of another tenant's.

    Raises NotEstablishedError where it has nothing of its own either, and so shows nothing.
    """
    digests = {one.digest for one in found.values()}
    own = {digest_of(value) for value in delivered(tenant).values()}
    crossed = [
        name for name, value in delivered(other).items() if digest_of(value) in digests - own
    ]
    establish(crossed or own & digests, "the process of a tool has a credential of its tenant's")
    return crossed


@requirement("MILE-04", also_needs=(Channel.HOST_VARIABLES,))
def test_a_process_has_nothing_of_the_servers_own_environment(
    wire: Wire, keys: Keys, target: Target
) -> None:
    """Variables stand there for this alone; some have names that a tool is given, too."""
    found = variables_of(wire, keys.a)
    own = {digest_of(value) for value in delivered(keys.a).values()}
    digests = {one.digest: one.name for one in found.values()}
    establish(own & digests.keys(), "the process of a tool has a credential of its tenant's")
    names = {one for name in delivered(keys.a) for one in (name, name.upper())}
    for one in target.delivery.host:
        place = digests.get(digest_of(one.value))
        assert place is None, f"the process of a tool has the server's own {one.name}, as {place}"
        is_another = one.name not in found or one.name in names
        assert is_another, f"the process of a tool has the server's own variable {one.name}"
