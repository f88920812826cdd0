"""The good case of the checks that need no key: a refusal means little where nothing ever works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.wire import require_alive
from conformance.model import Channel
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.profile.target import Target


class GoodCase:
    """Knows whether a right credential was shown to work."""

    def __init__(self, wire: Wire, target: Target) -> None:
        self._wire, self._key = wire, target.tenants.a.key if target.tenants else None

    def establish(self) -> None:
        """Show that a right key works; without one, that the target speaks HTTP at all."""
        answer = self._wire.knock(self._key)
        require_alive(answer)
        if self._key is not None:
            establish(answer.succeeded, f"the request works with a right key (got {answer})")

    def establish_a_door(self) -> None:
        """Show that a plain request without a key is refused: else nothing leads past a door.

        To hang up refuses as well.
        """
        line = self._wire.derived(may_be_silent=True)
        plain = line.send(line.strongest_probe())
        establish(not plain.executed, f"a request without a key is refused (got {plain})")

    def conclude(self) -> None:
        """Refuse a green verdict when no right key was there to tell refusal from failure.

        Raises NotAssessedError. An accusation needs no good case, so this stands last in a check.
        """
        if self._key is None:
            raise NotAssessedError(
                "no violation seen, but a server that refuses everyone looks the same: "
                f"supply {Channel.KEYS.supplied_by}",
                Channel.KEYS,
            )
