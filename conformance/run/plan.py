"""What a run goes by: which profile, which target, and whether it starts that itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.profile import reading
from conformance.run.options import DEFAULT_PROFILE

if TYPE_CHECKING:
    from typing import Self

    from conformance.profile.target import Start, Target
    from conformance.run.options import Options


@dataclass(frozen=True)
class Plan:
    """Made once from the command line, and handed on: to the session, its workers, the record.

    ``profile`` is None where a URL alone describes the target. ``start`` tells how the run has to
    start it; None where it is running already. What starts it writes the ``state``.
    """

    profile: Path | None
    url: str | None = None
    state: Path | None = None
    start: Start | None = None

    @classmethod
    def of(cls, options: Options, root: Path) -> Self:
        """Return the plan that the options amount to. Raises ProfileError where there is none."""
        url, state = options.url, options.state
        if options.profile is None and url is not None and state is None:
            return cls(None, url)
        path = options.profile or root / DEFAULT_PROFILE
        if options.profile is None and not path.exists():
            raise reading.ProfileError(
                "nothing to judge: give --target=URL, or --profile=FILE "
                "(python -m conformance init-profile writes one)"
            )
        is_running = url is not None or state is not None
        # A profile without [start] names a server that is running already.
        return cls(path, url, state, None if is_running else reading.start_section(path).start)

    def started(self, state: Path) -> Self:
        """Return the plan for the target once it is started, and has written its state."""
        return replace(self, state=state, start=None)

    def target(self) -> Target:
        """Return what is known of the target; what a start is yet to tell stands open.

        Raises ProfileError.
        """
        if self.profile is None:
            return reading.from_url(self.url or "")
        if self.start is not None:
            return reading.load_unstarted(self.profile)
        return reading.load(self.profile, url=self.url, state=self.state)

    @property
    def name(self) -> str:
        """What the target is described by, for a sentence."""
        return "a URL alone" if self.profile is None else str(self.profile)

    @property
    def digest(self) -> str | None:
        """A short digest of the profile; None where there is none."""
        return reading.digest(self.profile)

    def handed(self) -> dict[str, str | None]:
        """Return the plan for a worker, as JSON can hold it: the target is started by then."""
        entries = asdict(replace(self, start=None))
        return {name: None if value is None else str(value) for name, value in entries.items()}

    @classmethod
    def taken(cls, handed: dict[str, Any]) -> Self:
        """Return the plan that the controller has handed to a worker."""
        paths = {
            name: Path(handed[name]) if handed[name] else None for name in ("profile", "state")
        }
        return cls(paths["profile"], handed["url"], paths["state"])
