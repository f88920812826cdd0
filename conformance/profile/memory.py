"""The section of a profile that tells where a server's memory is seen."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from conformance.profile.sections import Section


class Memory(Section):
    """How much memory the server has, and by how much clients may raise it.

    Seen of the process ``pid``, or as the bytes that ``command`` prints, of several processes in
    all. It may grow by ``most_mib`` MiB while one client does what it can.
    """

    pid: int = Field(default=0, ge=0)
    command: tuple[str, ...] = ()
    most_mib: int = Field(default=64, gt=0)

    @model_validator(mode="after")
    def _is_seen(self) -> Self:
        if bool(self.pid) == bool(self.command):
            raise ValueError("tells nothing to look at; name either pid or command")
        return self
