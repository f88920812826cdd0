"""What one run stands on: the target of a profile, started here where nobody else has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.channels.programs import running
from conformance.model import Channel
from conformance.profile import reading as profile

if TYPE_CHECKING:
    from conformance.profile.target import Target
    from conformance.profile.tenants import Tenants

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "fixtures" / "targets" / "reference.toml"


class SettingError(Exception):
    """No load test can be run so; the message names the option or entry, and the remedy."""


@dataclass(frozen=True)
class Call:
    """A tool the profile allows to be called, with right arguments."""

    tool: str
    arguments: dict[str, object]


@dataclass(frozen=True)
class Setting:
    """The target, its tenants, the calls to make; ``started`` is set where this run started it."""

    target: Target
    tenants: Tenants
    calls: tuple[Call, ...]
    started: running.RunningTarget | None = None

    def close(self) -> None:
        """End what this run started; harmless when called twice."""
        if self.started is not None:
            self.started.stop()


def open_setting(url: str | None, profile_file: str | None, state_file: str | None) -> Setting:
    """Read the profile (the reference server's by default), start its target where needed.

    It is started when neither a URL nor a state file says that it runs already and the profile
    knows how. Raises SettingError.
    """
    path = Path(profile_file) if profile_file else REFERENCE
    state = Path(state_file) if state_file else None
    started: running.RunningTarget | None = None
    try:
        if url is None and state is None:
            started = _start(path)
            state = started.state if started else None
        return _checked(profile.load(path, url=url, state=state), started)
    except (profile.ProfileError, running.StartError, SettingError) as error:
        if started is not None:
            started.stop()
        raise SettingError(str(error)) from None


def _start(path: Path) -> running.RunningTarget | None:
    section = profile.start_section(path).start
    return running.start(section, ROOT) if section else None


def _checked(target: Target, started: running.RunningTarget | None) -> Setting:
    if not target.is_loopback:
        raise SettingError(
            f"{target.url} is not on loopback: a load test needs many client addresses, "
            "and must not strain what others use"
        )
    if target.tenants is None:
        raise SettingError(f"the calls need keys: give {Channel.KEYS.supplied_by}")
    calls = _calls(target)
    if not calls:
        raise SettingError(f"there is nothing to call: give {Channel.PING_TOOL.supplied_by}")
    return Setting(target, target.tenants, calls, started)


def _calls(target: Target) -> tuple[Call, ...]:
    tools = target.tools
    plain = [Call(name, {}) for name in (tools.ping, tools.tenant_data) if name is not None]
    validated = tools.validated
    return (*plain, *([Call(validated.name, validated.arguments)] if validated else []))
