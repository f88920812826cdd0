"""What a target offers beside tools, asked for as one tenant and as the other."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from conformance.channels.http.lists import listed, objects, uris_of
from conformance.forge.guise import in_guise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys

_VARIABLE = re.compile(r"\{[+#./;?&]?(\w+)[^}]*\}")
"""A variable of a URI template (RFC 6570 section 2.2), of which the first name is used."""
MOST_VALUES = 1
"""Objects of each tenant that are asked for in each way."""


@dataclass(frozen=True)
class Place:
    """A value that a caller can fill in: an argument of a prompt, or a template's variable."""

    ref: tuple[tuple[str, str], ...]
    argument: str
    words: str
    beside: tuple[str, ...] = ()
    """What else must be given with it."""

    @property
    def prompt(self) -> str | None:
        """The prompt's name, where it is an argument of one."""
        return dict(self.ref).get("name")

    @property
    def template(self) -> str:
        """The template of URIs; empty where it is a prompt."""
        return dict(self.ref).get("uri", "")


@dataclass(frozen=True)
class Offers:
    """Asks for resources, prompts and suggestions; lists and companions are asked for once."""

    wire: Wire
    keys: Keys
    _kept: dict[tuple[str, str], list[dict[str, Any]]] = field(
        default_factory=dict[tuple[str, str], list[dict[str, Any]]]
    )
    _beside: dict[tuple[str, Place], dict[str, str]] = field(
        default_factory=dict[tuple[str, Place], dict[str, str]]
    )

    def pairs(self) -> Iterator[tuple[TenantKeys, TenantKeys]]:
        """Yield each tenant as an owner, with the other."""
        yield self.keys.a, self.keys.b
        yield self.keys.b, self.keys.a

    def listed(self, tenant: TenantKeys, method: str) -> list[dict[str, Any]]:
        """Return what a tenant is listed on all pages; empty where there is no such list."""
        kept = tenant.active, method
        if kept not in self._kept:
            self._kept[kept] = listed(self.wire, method, tenant.active)
        return self._kept[kept]

    def uris(self, tenant: TenantKeys) -> list[str]:
        """Return the URIs of the resources that a tenant is listed."""
        return uris_of(self.listed(tenant, "resources/list"))

    def own_uris(self, owner: TenantKeys, other: TenantKeys) -> list[str]:
        """Return the URIs that one tenant is listed and the other is not."""
        others = set(self.uris(other))
        return [uri for uri in self.uris(owner) if uri not in others]

    def read(self, tenant: TenantKeys, uri: str) -> Answer:
        """Read a resource; its URI, which the caller knows, is no part of a comparison."""
        answer = self.wire.call("resources/read", {"uri": uri}, key=tenant.active)
        return answer.without(uri, json.dumps(uri).strip('"'))

    def prompts(self, tenant: TenantKeys) -> list[dict[str, Any]]:
        """Return the prompts that a tenant is listed."""
        return [one for one in self.listed(tenant, "prompts/list") if one.get("name")]

    def render(self, tenant: TenantKeys, name: str, arguments: Mapping[str, str]) -> Answer:
        """Get a prompt; its arguments are no part of a comparison."""
        given = {"name": name, "arguments": dict(arguments)}
        answer = self.wire.call("prompts/get", given, key=tenant.active)
        return answer.without(*arguments.values())

    def places(self) -> list[Place]:
        """Return what can be filled in, of prompts and templates that both tenants are listed."""
        found: list[Place] = []
        for prompt in self.prompts(self.keys.a):
            ref = (("type", "ref/prompt"), ("name", str(prompt["name"])))
            arguments = objects(prompt.get("arguments"))
            needed = [str(one.get("name")) for one in arguments if one.get("required")]
            for name in (str(argument.get("name")) for argument in arguments):
                beside = tuple(other for other in needed if other != name)
                words = f"the argument {name} of the prompt {prompt['name']}"
                found.append(Place(ref, name, words, beside))
        for template in self.listed(self.keys.a, "resources/templates/list"):
            uri = str(template.get("uriTemplate", ""))
            ref = (("type", "ref/resource"), ("uri", uri))
            variables = _VARIABLE.findall(uri)
            for name in variables:
                beside = tuple(other for other in variables if other != name)
                found.append(Place(ref, name, f"the variable {name} of {uri}", beside))
        return found

    def companions(self, owner: TenantKeys, place: Place) -> dict[str, str]:
        """Return what the owner would give beside a value: what it is suggested, or any word."""
        kept = owner.active, place
        if kept not in self._beside:
            self._beside[kept] = {
                name: self._companion(owner, place, name) for name in place.beside
            }
        return self._beside[kept]

    def _companion(self, owner: TenantKeys, place: Place, name: str) -> str:
        suggested = values_of(self.suggested(owner, replace(place, argument=name)))
        return suggested[0] if suggested else in_guise("brief")

    def suggested(self, tenant: TenantKeys, place: Place, beginning: str = "") -> Answer:
        """Ask which values begin so; the beginning is no part of a comparison."""
        argument = {"name": place.argument, "value": beginning}
        params = {"ref": dict(place.ref), "argument": argument}
        answer = self.wire.call("completion/complete", params, key=tenant.active)
        return answer.without(beginning) if beginning else answer

    def use(self, tenant: TenantKeys, place: Place, value: str) -> Answer:
        """Use a value as a tenant, with what it would give beside it."""
        return self.fill_in(tenant, place, value, self.companions(tenant, place))

    def fill_in(
        self, tenant: TenantKeys, place: Place, value: str, beside: Mapping[str, str]
    ) -> Answer:
        """Use a value: get the prompt with it, or read what the template makes of it."""
        given = {**beside, place.argument: value}
        if place.prompt is not None:
            return self.render(tenant, place.prompt, given)
        encoded = {name: quote(one, safe="") for name, one in given.items()}
        uri = _VARIABLE.sub(lambda found: encoded.get(found[1], ""), place.template)
        return self.read(tenant, uri).without(value, encoded[place.argument])


def values_in(uri: str, template: str) -> dict[str, str]:
    """Return the variables' values with which a template makes a URI; empty if it does not."""
    parts = _VARIABLE.split(template)
    pattern = "".join(
        f"(?P<{part}>.+)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )
    try:
        found = re.fullmatch(pattern, uri)
    except re.error:  # a variable that stands there twice
        return {}
    return found.groupdict() if found else {}


def values_of(answer: Answer) -> list[str]:
    """Return the values that a completion suggests."""
    completion = answer.result.get("completion")
    values = cast("dict[str, Any]", completion).get("values") if completion else None
    return [str(one) for one in cast("list[Any]", values)] if isinstance(values, list) else []


def content_of(answer: Answer) -> str:
    """Return what a resource or a prompt holds, without what its list tells of it."""
    result = answer.result
    held = result.get("contents") or result.get("messages")
    return json.dumps(held, sort_keys=True) if held else ""
