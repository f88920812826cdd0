"""Limits and blocks that several worker processes share: in Redis, on the Clock part's time.

Every decision is one script, which Redis runs alone, so the limits are as exact across processes
as the ones in memory are across threads. Entries of the future (a clock was set back, or another
worker's clock is ahead) count as of now. What has no more use goes by Redis's own time.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from limits.storage import MovingWindowSupport, Storage

from reference_server.core.breaker import Breaker
from reference_server.core.errors import ConfigurationError, StorageUnavailableError

if TYPE_CHECKING:
    from collections.abc import Generator

    from redis import Redis

    from reference_server.core.contracts import Clock

ANSWER_SECONDS = 2.0
"""How long Redis may take: a guard that cannot decide in time refuses."""

PREFIX = "hallmark:"

_SPARE_SECONDS = 60

_LOCAL = {"", "localhost", "127.0.0.1", "::1"}

_CLEAN = """
local key, now, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local place = 0
local entry = redis.call('LINDEX', key, place)
while entry and tonumber(entry) > now do
    redis.call('LSET', key, place, ARGV[1])
    place = place + 1
    entry = redis.call('LINDEX', key, place)
end
entry = redis.call('LINDEX', key, -1)
while entry and tonumber(entry) <= now - window do
    redis.call('RPOP', key)
    entry = redis.call('LINDEX', key, -1)
end
"""
"""A list holds the moments of a subject, the newest first."""

_ACQUIRE = f"""{_CLEAN}
local limit, amount = tonumber(ARGV[3]), tonumber(ARGV[4])
if redis.call('LLEN', key) + amount > limit then return 0 end
for _ = 1, amount do redis.call('LPUSH', key, ARGV[1]) end
redis.call('EXPIRE', key, ARGV[5])
return 1
"""

_LOOK = f"""{_CLEAN}
return {{redis.call('LINDEX', key, -1) or ARGV[1], redis.call('LLEN', key)}}
"""

_FAIL = f"""
local blocked = redis.call('GET', KEYS[2])
if blocked and tonumber(ARGV[1]) < tonumber(blocked) then return 0 end
{_CLEAN}
redis.call('LPUSH', key, ARGV[1])
redis.call('EXPIRE', key, ARGV[5])
if redis.call('LLEN', key) < tonumber(ARGV[3]) then return 0 end
redis.call('DEL', key)
redis.call('SET', KEYS[2], ARGV[4], 'EX', ARGV[6])
return 1
"""


def connect_redis(url: str, password: bytes | None) -> Redis:
    """Return a client that answers; ConfigurationError, without the password, when it does not."""
    from redis import ConnectionError as LostError
    from redis import Redis, RedisError
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    parts = urlsplit(url)
    if parts.password is not None:
        raise ConfigurationError(
            "The Redis setting holds a password: it belongs into a secret file."
        )
    if parts.scheme == "redis" and (parts.hostname or "") not in _LOCAL:
        raise ConfigurationError(
            "The Redis setting names another machine in clear: write rediss:// for TLS."
        )
    try:
        client = cast("Any", Redis).from_url(
            url,
            password=None if password is None else password.decode(),
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            # Once, for a connection that a restart of Redis has ended. Whoever waited in vain has
            # waited enough, and what he sent may be counted yet.
            retry=Retry(NoBackoff(), 1, (LostError,)),
        )
        memory = client.info("memory")
    except (RedisError, ValueError) as error:
        raise ConfigurationError(
            f"Redis cannot be used ({error}): check that it runs, the --redis setting and the "
            "secret REDIS_PASSWORD."
        ) from error
    if memory.get("maxmemory") and memory.get("maxmemory_policy") != "noeviction":
        raise ConfigurationError(
            "Redis evicts keys, and so would forget who is blocked: set its maxmemory-policy to "
            "noeviction."
        )
    return client


@contextmanager
def _asking(breaker: Breaker) -> Generator[None]:
    """Turn Redis's errors in the block into StorageUnavailableError, and bound what they cost.

    While Redis is silent, most callers are refused before they ask.
    """
    from redis import RedisError
    from redis import TimeoutError as SilentError

    if not breaker.admits():
        raise StorageUnavailableError("Redis has not answered lately")
    since = time.monotonic()
    try:
        yield
    except SilentError as error:
        breaker.missed(since)
        raise StorageUnavailableError("Redis did not answer in time") from error
    except RedisError as error:
        raise StorageUnavailableError("Redis did not answer") from error
    breaker.heard()


class ClockedRedis(Storage, MovingWindowSupport):
    """A storage for several processes whose time is the Clock part's."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock, client: Redis, breaker: Breaker | None = None) -> None:
        super().__init__()
        self._breaker = breaker or Breaker()
        self._clock = clock
        self._client = client
        self._acquire = client.register_script(_ACQUIRE)
        self._look = client.register_script(_LOOK)

    @property
    def base_exceptions(self) -> type[Exception]:
        """The error that the library would wrap."""
        return StorageUnavailableError

    def now(self) -> float:
        """Return the Clock part's time in seconds since 1970."""
        return self._clock.now().timestamp()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Add ``amount`` entries if ``expiry`` seconds then hold at most ``limit`` of them."""
        kept = expiry + _SPARE_SECONDS
        values = [repr(self.now()), expiry, limit, amount, kept]
        with _asking(self._breaker):
            return bool(self._acquire(keys=[PREFIX + key], args=values))

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return when the oldest live entry was made, and how many are live (at most ``limit``)."""
        with _asking(self._breaker):
            found = self._look(keys=[PREFIX + key], args=[repr(self.now()), expiry])
        oldest, count = cast("tuple[bytes, int]", found)
        return float(oldest), min(count, limit)

    def clear(self, key: str) -> None:
        """Forget the key's entries."""
        self._client.delete(PREFIX + key)

    def reset(self) -> int:
        """Refuse: the entries are shared, so no one process may forget them."""
        raise NotImplementedError

    def check(self) -> bool:
        """Tell whether Redis answers."""
        return bool(cast("Any", self._client).ping())

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Refuse: it belongs to fixed windows, and none is used."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """Return how many entries the key holds."""
        return self._client.llen(PREFIX + key)

    def get_expiry(self, key: str) -> float:
        """Refuse: it belongs to fixed windows."""
        raise NotImplementedError


class SharedFailureBlock:
    """``FailureBlock`` for several processes: the same counts and lengths, in Redis."""

    def __init__(
        self,
        clock: Clock,
        client: Redis,
        breaker: Breaker | None = None,
        *,
        failures: int,
        window: int,
        block: int,
    ) -> None:
        self._breaker = breaker or Breaker()
        self._clock = clock
        self._client = client
        self._failures, self._window, self._block = failures, window, block
        self._fail = client.register_script(_FAIL)

    def is_blocked(self, address: str) -> bool:
        """Tell whether the address is blocked now; StorageUnavailableError without Redis."""
        with _asking(self._breaker):
            until = cast("bytes | None", self._client.get(_until(address)))
        # Redis ends a block by its own time too, should our clock be set back meanwhile.
        return until is not None and self._clock.now().timestamp() < float(until)

    def record_failure(self, address: str) -> bool:
        """Count a failure; True when this one engaged; StorageUnavailableError without Redis."""
        now = self._clock.now().timestamp()
        keys = [f"{PREFIX}failures:{address}", _until(address)]
        until = repr(now + self._block)
        kept = self._window + _SPARE_SECONDS
        values = [repr(now), self._window, self._failures, until, kept, self._block]
        with _asking(self._breaker):
            return bool(self._fail(keys=keys, args=values))


def _until(address: str) -> str:
    return f"{PREFIX}blocked:{address}"
