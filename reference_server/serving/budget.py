"""What clients may take of the server before a connection is closed: the numbers, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """The bounds of a server process. Nobody needs a key to reach them, so none may be large."""

    head_bytes: int = 256 * 1024
    """Bytes of a request's head. A 64 KiB key, which the chain must get to refuse like any other,
    fits well below."""

    fields: int = 1000
    """Fields of a request's head. What a field costs is not its bytes alone: those of one name are
    joined one by one. Clients and proxies send some dozens."""

    framing_bytes: int = 16 * 1024
    """Bytes of a message that bring neither its body on nor its end, one after the other: the
    extensions of a chunk, and trailers. Nobody reads them, and a single trailer is copied anew with
    every read. They are counted by the slice."""

    queued_requests: int = 8
    """Requests that wait on a connection for the one before them. The answer to the last one says
    that the connection closes; a client sends anew what was not answered (RFC 9112, 9.3.2)."""

    unheard_bytes: int = 64 * 1024
    """Bytes that may come after those and are thrown away: a client that had sent them before it
    was told still gets its answers. With more, the connection closes at once."""

    head_seconds: float = 10.0
    """How long a connection may take to its first whole head, and any head from its first byte. A
    head fits in a few packets; whoever drips one holds a connection for nothing. How long one may
    be idle between requests is uvicorn's to say: 5 seconds."""

    connections_per_address: int = 256
    """Connections of one address, or of one site of IPv6 (/64). Browsers open six, tests and
    clients with pools some dozens. Trusted proxies are bounded by the next two alone."""

    connections: int = 4096
    """Connections of all clients together, as long as the process may open so many files."""

    reserved_files: int = 128
    """Files of the process that no connection may take: without one left, the server could accept
    nobody, nor reach its database. The pool, Redis, log and libraries take some dozens."""
