"""What has reached the judge's API, which the target's tools call."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from conformance.profile.delivery import DOWNSTREAM_COMMAND
from conformance.text.tool_credentials import leaks
from conformance.verdicts import NotEstablishedError
from conformance.waiting import wait_for
from conformance.world.downstream import CALLS

if TYPE_CHECKING:
    from conformance.profile.delivery import DownstreamApi

ARRIVAL_SECONDS = 5.0
"""How long after an answer a call may still come."""
_SECONDS = 5.0
_PAUSE = 0.05


@dataclass(frozen=True)
class Arrived:
    """A request that has reached the API, as it came."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str
    id: str = ""

    def shows(self, credential: str) -> bool:
        """Tell whether it holds a credential, in any usual encoding."""
        return leaks(credential, self.text)

    @property
    def text(self) -> str:
        """All of it."""
        head = "\n".join(f"{name}: {value}" for name, value in self.headers)
        return f"{self.method} {self.path}\n{head}\n\n{self.body}"


class Downstream:
    """Asks the API what has come."""

    section, command = "world.downstream", DOWNSTREAM_COMMAND

    def __init__(self, channel: DownstreamApi) -> None:
        self._channel = channel

    def calls(self, word: str) -> list[Arrived]:
        """Return the requests that hold a word, in their order.

        Raises NotEstablishedError where nobody answers, or knows no such control word.
        """
        try:
            with httpx.Client(trust_env=False, timeout=_SECONDS) as client:
                answer = client.get(
                    self._channel.url.rstrip("/") + CALLS,
                    params={"word": word},
                    headers={"Authorization": f"Bearer {self._channel.control}"},
                )
                answer.raise_for_status()
                told: list[dict[str, Any]] = json.loads(answer.content)["calls"]
        except (httpx.HTTPError, ValueError, LookupError) as error:
            raise NotEstablishedError(
                f"could not establish that the API of [{self.section}] answers at "
                f"{self._channel.url}: {error or type(error).__name__}; "
                f"start it by {self.command}"
            ) from error
        return [_arrived(one) for one in told]

    def arrived(self, word: str) -> list[Arrived]:
        """Return them, waiting a bounded time for the first."""
        return wait_for(lambda: self.calls(word), ARRIVAL_SECONDS, _PAUSE)


def _arrived(told: dict[str, Any]) -> Arrived:
    headers = tuple((str(name), str(value)) for name, value in told["headers"])
    method, path, body, own = (str(told[name]) for name in ("method", "path", "body", "id"))
    return Arrived(method, path, headers, body, own)
