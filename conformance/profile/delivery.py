"""Sections of a profile that tell which credentials reach a tool, and by what that is seen."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from conformance.profile.fields import Named, Needed, Place
from conformance.profile.issuing import IssuerChannel  # noqa: TC001 -- pydantic reads it
from conformance.profile.sections import Secret, Section, several

PROVIDER_KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "GITHUB_TOKEN")


class NamedSecret(Section):
    """A secret, and the name by which it goes."""

    name: str = Field(min_length=1)
    value: Secret


class DeliveredSecret(NamedSecret):
    """A credential of a tenant's that its tools are given, under the name that it is kept by.

    ``value`` is the tenant's alone, and stands nowhere else.
    """

    @field_validator("value")
    @classmethod
    def _is_telling(cls, value: str) -> str:
        if len(value) < _SHORTEST:
            raise ValueError(
                f"is too short to be told from other text: give {_SHORTEST} characters"
            )
        return value


_SHORTEST = 16


class Delivery(Section):
    """How credentials reach the processes of tools.

    ``provider_keys`` are kept and delivered under one name. All others are delivered under their
    own name and under that in upper case, which ``custom_list`` lists; it is false where a server
    has no such variable. ``destinations`` are variables that say where a tool calls, which no
    caller may choose. ``host`` are variables of the target's own process, put there for the judge
    to look for: no tool may have them.
    """

    provider_keys: tuple[str, ...] = PROVIDER_KEYS
    custom_list: Place = "SYSTEMPROMPT_CUSTOM_SECRETS"
    destinations: tuple[str, ...] = ()
    host: tuple[NamedSecret, ...] = ()


DOWNSTREAM_COMMAND = "python -m conformance.world downstream"
"""What starts the judge's API: its name is told to who judges, never to a target."""


class DownstreamApi(Section):
    """The judge's API that the target's tools call: `python -m conformance.world downstream`.

    ``url`` is where the judge reaches it, ``control`` the word in the file that it was started
    with.
    """

    url: str
    control: Secret


class MailApi(DownstreamApi):
    """The judge's mail provider, to which the target sends: `python -m conformance.world mail`.

    It speaks the HTTP API of Resend. ``url`` is where the judge reaches it, ``control`` the word in
    the file that it was started with.
    """


class World(Section):
    """What stands around the target and is played by the judge."""

    downstream: DownstreamApi | None = None
    issuer: IssuerChannel | None = None
    mail: MailApi | None = None


class DownstreamTool(Section):
    """A tool that calls the judge's API with a credential of its caller's, once for each such call.

    In texts of ``arguments`` ``{unique}`` is a word that reaches the API. ``credential`` is the
    name under which what the call shows is kept. ``refused_arguments`` are such that the API is
    called at a path that ends with ``/refused``, where it quotes the credential.
    """

    name: str
    arguments: dict[str, Any]
    credential: str
    refused_arguments: dict[str, Any] | None = None


class EchoingTool(Section):
    """A tool that answers with a credential that it was given, as no tool should.

    In texts of ``arguments`` ``{unique}`` is a word that its answer holds as well, and ``{form}``
    one of ``forms``, or of ``encoded``: how it writes the credential. The former a reader
    recognizes at once, the latter whoever undoes a usual encoding.
    """

    name: str
    arguments: dict[str, Any]
    credential: str
    forms: tuple[str, ...] = ("plain",)
    encoded: tuple[str, ...] = ()


class EnvironmentTool(Section):
    """A tool that tells the variables of its process, an object for each in its result.

    An object has the name, and the SHA-256 of the value in UTF-8, in hex. ``value_field`` is for
    those that hold no secret, such as the list of [delivery] custom_list.
    """

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict[str, Any])
    name_field: str = "name"
    digest_field: str = "sha256"
    value_field: str = "value"


class Executions(Named):
    """Where the log of tools' executions is, and what its columns are called.

    Without ``table``, rows of the trail tell of executions. One of an execution may tell less than
    others of the same ``id``.
    """

    table: str | None = None
    id: Needed = "metadata.execution"
    tool: Needed = "metadata.tool"
    server: Needed = "metadata.server"
    input: Needed = "metadata.input"
    status: Needed = "metadata.status"
    started: Needed = "metadata.started_at"

    @classmethod
    def fields(cls) -> tuple[str, ...]:
        """Return our names."""
        return tuple(name for name in cls.model_fields if name != "table")


DownstreamTools = Annotated[
    tuple[DownstreamTool, ...],
    BeforeValidator(several, json_schema_input_type=DownstreamTool | tuple[DownstreamTool, ...]),
]
"""`[tools.downstream]`, or `[[tools.downstream]]` once for each call."""
EchoingTools = Annotated[
    tuple[EchoingTool, ...],
    BeforeValidator(several, json_schema_input_type=EchoingTool | tuple[EchoingTool, ...]),
]
"""`[tools.echoing]`, or `[[tools.echoing]]` once for each tool."""
