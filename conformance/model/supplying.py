"""What to add to a profile, best first, so that more requirements can be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.model.channels import Channel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CHANNELS = {channel.value: channel for channel in Channel}


@dataclass(frozen=True)
class Step:
    """What to do next, and which requirements it lets be judged that the steps before did not."""

    to_do: str
    ids: tuple[str, ...]

    @property
    def gain(self) -> str:
        """How many requirements it brings, with their noun."""
        return f"+{len(self.ids)} requirement{'' if len(self.ids) == 1 else 's'}"


def steps(missing: Mapping[str, Iterable[str]]) -> tuple[Step, ...]:
    """Return what to do, from the channels that each requirement lacks, by its id.

    Each step is on top of those before it, and each requirement stands in one. A step adds
    together what some requirement lacks; the one that brings most for each channel comes first.
    """
    left = {name: frozenset(channels) for name, channels in missing.items()}
    found: list[Step] = []
    while left := {name: lacking for name, lacking in left.items() if lacking}:
        best = max(dict.fromkeys(left.values()), key=lambda one: (_gain(one, left), -len(one)))
        ids = tuple(name for name, lacking in left.items() if lacking <= best)
        found.append(Step(_to_do(best), ids))
        left = {name: lacking - best for name, lacking in left.items()}
    return tuple(found)


def _gain(channels: frozenset[str], left: Mapping[str, frozenset[str]]) -> float:
    return sum(lacking <= channels for lacking in left.values()) / len(channels)


def _to_do(names: frozenset[str]) -> str:
    order = [name for name in _CHANNELS if name in names] + sorted(names - _CHANNELS.keys())
    entries = [entry for name in order if (entry := _entry(name))]
    others = [_CHANNELS[name].row.otherwise for name in order if not _entry(name)]
    added = ", ".join(entries[:-1]) + " and " * (len(entries) > 1) + "".join(entries[-1:])
    return "; ".join(([f"add {added}"] if entries else []) + others)


def _entry(name: str) -> str:
    """Return the profile's entry that supplies a channel; nothing where none does."""
    channel = _CHANNELS.get(name)
    return name if channel is None else channel.entry
