"""Defects by which a caller has a say in what other services are shown, and where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import mutant
from reference_server.mutants.mile._bending import BentRunner, hearing, opened, with_variables
from reference_server.parts import with_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reference_server.mutants.mile._bending import Sent
    from reference_server.parts import Parts
    from reference_server.plugins.contracts import Order

_URL = "NOTES_URL"


def _known(order: Order, told: Mapping[str, Any]) -> dict[str, str]:
    """Return what a caller has told of variables that the process has."""
    names = order.delivery.variables.keys()
    return {name: value for name, value in told.items() if name in names and value}


def _by_meta(order: Order, sent: Sent) -> Order:
    return with_variables(order, _known(order, sent.meta))


def _by_meta_environment(order: Order, sent: Sent) -> Order:
    told = sent.meta.get("env")
    environment = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    return with_variables(order, _known(order, environment))


def _place_by_meta(order: Order, sent: Sent) -> Order:
    place = sent.meta.get("base_url")
    return with_variables(order, {_URL: place}) if isinstance(place, str) else order


def _by_header(order: Order, sent: Sent) -> Order:
    headers = {name: f"x-{name.lower().replace('_', '-')}" for name in order.delivery.variables}
    told = {name: sent.headers.get(header) for name, header in headers.items()}
    return with_variables(order, _known(order, told))


def _place_by_header(order: Order, sent: Sent) -> Order:
    place = sent.headers.get("x-base-url")
    return with_variables(order, {_URL: place}) if place else order


def _upstream_authorization(order: Order, sent: Sent) -> Order:
    """Take what gateways write where they hand a credential on."""
    shown = sent.headers.get("x-upstream-authorization")
    if not shown:
        return order
    bare = shown.removeprefix("Bearer ")
    return with_variables(order, dict.fromkeys(("ANTHROPIC_API_KEY", "GITHUB_TOKEN"), bare))


def _taking(argument: str, names: tuple[str, ...]) -> Callable[[Parts], Parts]:
    """Return a change of parts whose tools take an argument for the value of variables."""

    def bend(order: Order) -> Order:
        given = dict(order.arguments)
        told = given.pop(argument, None)
        changed = replace(order, arguments=given)
        return with_variables(changed, dict.fromkeys(names, str(told))) if told else changed

    def make(parts: Parts) -> Parts:
        changes = {
            "plugins.runner": BentRunner(parts.plugins.runner, bend),
            "plugins.plugins": opened(parts),
        }
        return with_parts(parts, changes)

    return make


def _passing_on(header: str) -> Callable[[Parts], Parts]:
    """Return a change of parts that puts a header of the caller's where the service sees it."""

    def bend(order: Order, sent: Sent) -> Order:
        shown = sent.headers.get(header)
        if not shown:
            return order
        place = order.delivery.variables[_URL]
        return with_variables(order, {_URL: f"{place}/{shown.removeprefix('Bearer ')}"})

    return hearing(bend)


MUTANTS = (
    mutant(
        "metadata-names-the-key",
        "MILE-08",
        "An entry of _meta that is called like a variable of the process goes before it.",
        parts=hearing(_by_meta),
    ),
    mutant(
        "metadata-has-an-environment",
        "MILE-08",
        "A table env in _meta is added to the environment of the process.",
        parts=hearing(_by_meta_environment),
    ),
    mutant(
        "metadata-names-the-destination",
        "MILE-08",
        "An entry base_url of _meta says where the tool calls.",
        parts=hearing(_place_by_meta),
    ),
    mutant(
        "headers-name-the-key",
        "MILE-08",
        "A header X-Anthropic-Api-Key of a caller's goes before the tenant's key.",
        parts=hearing(_by_header),
    ),
    mutant(
        "headers-name-the-destination",
        "MILE-08",
        "A header X-Base-Url of a caller's says where the tool calls.",
        parts=hearing(_place_by_header),
    ),
    mutant(
        "upstream-authorization-is-taken",
        "MILE-08",
        "A header X-Upstream-Authorization of a caller's is what the service is shown.",
        parts=hearing(_upstream_authorization),
    ),
    mutant(
        "an-argument-names-the-key",
        "MILE-08",
        "Tools take an argument api_key, which goes before the tenant's key.",
        parts=_taking("api_key", ("ANTHROPIC_API_KEY", "GITHUB_TOKEN")),
    ),
    mutant(
        "an-argument-names-the-destination",
        "MILE-08",
        "Tools take an argument base_url, and show the tenant's key there.",
        parts=_taking("base_url", (_URL,)),
    ),
    mutant(
        "the-callers-key-is-passed-on",
        "MILE-09",
        "The service is shown the key by which the caller was let in.",
        parts=_passing_on("x-api-key"),
    ),
    mutant(
        "the-callers-token-is-passed-on",
        "MILE-09 OAUTH-08",
        "The service is shown the session token by which the caller was let in.",
        parts=_passing_on("authorization"),
    ),
)
