"""The memory channel: how many bytes the server's processes hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psutil

from conformance.channels.programs.printing import printed_by
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from conformance.profile.memory import Memory

MIB = 1 << 20
_ENTRY = "[channels.memory]"
_NUMBER = re.compile(rb"[0-9]{1,18}")


def memory_of(channel: Memory) -> int:
    """Return the bytes that the server holds. Raises NotEstablishedError where nothing tells."""
    if channel.command:
        said = printed_by(channel.command, f"{_ENTRY} command", with_errors=False).strip()
        if not _NUMBER.fullmatch(said):
            raise NotEstablishedError(f"{_ENTRY} command printed no number of bytes: {said[:60]!r}")
        return int(said)
    try:
        return psutil.Process(channel.pid).memory_info().rss
    except psutil.Error as error:
        raise NotEstablishedError(f"{_ENTRY} pid {channel.pid}: {error}") from None
