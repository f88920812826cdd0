"""A channel's row: what there is to know of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What there is to know of a channel.

    ``words`` say which option or profile entry would supply it. ``path`` is that entry, or several
    that it takes all of; what no entry supplies names a property of the target. ``example`` are
    lines of TOML, which a drafted profile shows under the section that the path begins with, in
    the order of the rows; empty where the draft writes what it found instead. ``otherwise`` says
    what to do where no entry of a profile supplies it.
    """

    name: str
    words: str
    path: str
    example: tuple[str, ...] = ()
    starts_programs: bool = False
    otherwise: str = ""


def event_row(name: str, entry: str, what: str, value: str, *, is_first: bool = False) -> Row:
    """Return the row of an event of the trail; the first one's example has the table's head."""
    return Row(
        name,
        f"the profile's [events] {entry}: the event of {what}",
        f"events.{entry}",
        example=(*(("[events]",) if is_first else ()), f"{entry} = {value}"),
    )


def key_row(name: str, entry: str) -> Row:
    """Return the row of a key of tenant A that works no more."""
    return Row(
        name,
        f"the profile's tenants.a.{entry}",
        f"tenants.a.{entry}",
        example=(f'{entry} = {{ env = "TENANT_A_{entry.upper()}" }}',),
    )


def limit_row(name: str, entry: str, what: str) -> Row:
    """Return the row of a limit of what one caller may have, or do."""
    return Row(name, f"the profile's [limits] {entry}: {what}", f"limits.{entry}")


def route_row(name: str, entry: str, path: str) -> Row:
    """Return the row of a route; ``path`` is what an example has."""
    return Row(
        name,
        f"the profile's [routes] {entry}",
        f"routes.{entry}",
        example=(f'{entry} = "{path}"',),
    )


def tool_row(name: str, entry: str, what: str, *lines: str) -> Row:
    """Return the row of a tool that has a table of its own, whose lines are the example."""
    table = f"[tools.{entry}]"
    return Row(name, f"the profile's {table}: {what}", f"tools.{entry}", (table, *lines))
