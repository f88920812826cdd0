"""Sections of a profile that stand for themselves: what a section is, tools."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    WrapValidator,
    field_validator,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidatorFunctionWrapHandler
    from pydantic.fields import FieldInfo

SECRET_MARK = "secret"  # noqa: S105 -- how a schema says that an entry is one
"""The format by which a JSON schema tells what may only come from outside the profile."""
CREDENTIAL_MARK = "credential"
"""The format of a secret that may also be got: by a command, or by OAuth."""
EITHER_MARK = "either"
"""The format of a text that is a secret where it comes from outside, and none where it does not."""
_SECRET_SCHEMA: dict[str, Any] = {"type": "string", "format": SECRET_MARK}
_EITHER_SCHEMA: dict[str, Any] = {"type": "string", "format": EITHER_MARK}
_CREDENTIAL_SCHEMA: dict[str, Any] = {"type": "string", "format": CREDENTIAL_MARK}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Resolved(str):
    """A value taken from the environment, a file or the state file."""

    __slots__ = ()


def _from_outside(value: Any) -> str:
    if not isinstance(value, Resolved):
        raise ValueError(  # noqa: TRY004 -- pydantic collects ValueError only
            'a secret must not stand in a profile; write { env = "NAME" } or { file = "PATH" }'
        )
    return str(value)


def _as_date(value: Any) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        value = date.fromisoformat(value)  # what is no day of the calendar is a ValueError
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("is not a day; write until = 2030-01-31")  # noqa: TRY004 -- see above
    return value


Secret = Annotated[
    str,
    BeforeValidator(_from_outside),
    Field(min_length=1),
    WithJsonSchema(_SECRET_SCHEMA),
]


Credential = Annotated[
    str,
    BeforeValidator(_from_outside),
    Field(min_length=1),
    WithJsonSchema(_CREDENTIAL_SCHEMA),
]


def _as_given(value: Any, check: ValidatorFunctionWrapHandler) -> str:
    """Keep the mark of what comes from outside, by which it is known for a secret."""
    text = check(value)
    return Resolved(text) if isinstance(value, Resolved) else text


FormValue = Annotated[
    str,
    WrapValidator(_as_given),
    WithJsonSchema(_EITHER_SCHEMA),
]
"""What is filled in in a field of a form: a user's name may stand in a profile, a password not."""
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Day = Annotated[date, BeforeValidator(_as_date)]


def _as_names(value: Any) -> Any:
    """Take one name for a list of one."""
    return (value,) if isinstance(value, str) else value


Names = Annotated[
    tuple[Reason, ...],
    Field(min_length=1),
    BeforeValidator(_as_names, json_schema_input_type=str | tuple[str, ...]),
]


class Section(BaseModel):
    """A table of the profile: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stands_unsaid: ClassVar[bool] = False
    """Whether what is left out of it is as good as named, by its defaults."""

    def __repr__(self) -> str:
        """Tell the kind alone: a failed assertion shows values, and these hold secrets."""
        return f"<{type(self).__name__}>"

    __str__ = __repr__


def secrets_in(section: Section, *trail: str) -> Iterator[tuple[str, str]]:
    """Yield each secret of a section, and of those in it, by its entry in the profile."""
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from secrets_in(value, *trail, name)
        elif isinstance(value, (dict, tuple)):
            for key, one in _tables(cast("Any", value)):
                yield from secrets_in(one, *trail, name, key)
            if _is_secret(field) or _has(field, _EITHER_SCHEMA):
                yield from _free_secrets(value, trail=(*trail, name), all_are=_is_secret(field))
        elif isinstance(value, str) and _is_secret(field):
            yield ".".join((*trail, name)), value


def _free_secrets(
    value: Any, *, trail: tuple[str, ...], all_are: bool
) -> Iterator[tuple[str, str]]:
    """Yield the secrets of a table with free names, or of each of several.

    Those that come from outside are such, or ``all_are``.
    """
    if isinstance(value, tuple):
        for number, one in enumerate(cast("tuple[Any, ...]", value), 1):
            yield from _free_secrets(one, trail=(*trail, str(number)), all_are=all_are)
    elif isinstance(value, dict):
        for key, one in cast("dict[str, Any]", value).items():
            if isinstance(one, Resolved) or (all_are and isinstance(one, str)):
                yield ".".join((*trail, key)), str(one)


def _tables(value: dict[str, Any] | tuple[Any, ...]) -> Iterator[tuple[str, Section]]:
    """Yield the sections of several, each with its name or else its number."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value, 1)
    for key, one in pairs:
        if isinstance(one, Section):
            yield str(getattr(one, "name", key)), one


def _marks(wanted: Any) -> Iterator[Any]:
    """Yield what a type is annotated with, and the types that it is made of."""
    yield from getattr(wanted, "__metadata__", ())
    for inner in get_args(wanted):
        yield from _marks(inner)


def _has(field: FieldInfo, *schemas: dict[str, Any]) -> bool:
    """Tell whether a field, or what it holds, is a text of one of some forms."""
    return any(
        isinstance(mark, WithJsonSchema) and mark.json_schema in schemas
        for mark in (*field.metadata, *_marks(field.annotation))
    )


def is_credential(field: FieldInfo) -> bool:
    """Tell whether a field is a ``Credential``, which may be got."""
    return _has(field, _CREDENTIAL_SCHEMA)


def _is_secret(field: FieldInfo) -> bool:
    """Tell whether a field is a ``Secret``, alone, beside None, or under free names."""
    return _has(field, _SECRET_SCHEMA, _CREDENTIAL_SCHEMA)


def _begins_with_a_slash(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError(f"{path!r} is no path; write one that begins with /")
    return path


OwnPath = Annotated[str, AfterValidator(_begins_with_a_slash)]
"""A path on the target's own origin."""
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_KNOWN = ("tenant", "key_id")


class AdminRequest(Section):
    """What an administrator sends; ``{tenant}`` and ``{key_id}`` are filled in.

    They may stand in the path and in texts of the body. Without ``body`` what is sent holds what
    [fields.admin] names; a DELETE has none then.
    """

    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: OwnPath
    body: dict[str, Any] | None = None

    @field_validator("path")
    @classmethod
    def _is_filled_in(cls, path: str) -> str:
        if odd := next((one for one in _PLACEHOLDER.findall(path) if one not in _KNOWN), None):
            raise ValueError(f"{{{odd}}} is not filled in; write {{tenant}} or {{key_id}}")
        return path

    @property
    def has_own_body(self) -> bool:
        """Whether what is sent is told here, and not by [fields.admin]."""
        return self.body is not None or self.method == "DELETE"

    def names(self, placeholder: str) -> bool:
        """Tell whether something is filled in that has this name."""
        return f"{{{placeholder}}}" in f"{self.path} {self.body}"


def with_a_path(value: Any) -> Any:
    """Take a path alone for a POST to it."""
    return {"path": value} if isinstance(value, str) else value


AdminRoute = Annotated[
    AdminRequest, BeforeValidator(with_a_path, json_schema_input_type=str | AdminRequest)
]


class ValidatedTool(Section):
    """A tool with an enumerated argument: arguments it takes, and some it must refuse.

    The enumerated arguments are those in which the two differ; of others nothing is known.
    """

    name: str
    arguments: dict[str, Any]
    bad_arguments: dict[str, Any]

    @property
    def enumerated(self) -> frozenset[str]:
        """The names of the arguments that ``bad_arguments`` has otherwise, or alone, or lacks."""
        good, bad = self.arguments, self.bad_arguments
        either = {**good, **bad}
        return frozenset(
            name
            for name in either
            if name not in good or name not in bad or good[name] != bad[name]
        )


class FailingTool(Section):
    """A tool that raises the message it is given, carrying the detail it is given.

    ``detail_argument`` takes an object of any form, or text, in which one is told as JSON.
    """

    name: str
    message_argument: str = "message"
    detail_argument: str | None = None


class ByIdTool(Section):
    """A tool that takes an object's id in ``argument``, once for each such tool.

    ``listed_by`` is the tool, without arguments, whose result tells the ids a tenant has: whatever
    stands in a field called ``id_field``, at any depth. ``arguments`` are what must be given beside
    the id.
    """

    name: str
    argument: str
    listed_by: str
    id_field: str = "id"
    arguments: dict[str, Any] = {}

    def of(self, identity: Any) -> dict[str, Any]:
        """Return the arguments of a call that names an object."""
        return {**self.arguments, self.argument: identity}


class ChangingTool(Section):
    """A tool that changes a resource of its caller's, so that whoever subscribed to it is told.

    In texts of ``arguments`` ``{uri}`` is the URI of the caller's resource, ``{id}`` what it ends
    with, and ``{unique}`` a word of its own. ``uri`` is the resource that is changed, in which
    ``{tenant}`` is the tenant's id; without it, it is one that the caller lists.
    """

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict[str, Any])
    uri: str | None = None


def several(value: Any) -> Any:
    """Take one table for a list of one."""
    return [value] if isinstance(value, dict) else value


ByIdTools = Annotated[
    tuple[ByIdTool, ...],
    BeforeValidator(several, json_schema_input_type=ByIdTool | tuple[ByIdTool, ...]),
]
"""`[tools.by_id]`, or `[[tools.by_id]]` once for each tool."""


class CallOfOnesOwn(Section):
    """A call of a tool. In texts of ``arguments`` ``{id}`` is the id of an object of its caller's.

    ``listed_by`` is the tool, without arguments, whose result tells such ids in fields called
    ``id_field``; without it, they are what the URIs of the caller's resources end with.
    """

    name: str
    arguments: dict[str, Any] = {}
    listed_by: str | None = None
    id_field: str = "id"


class AskingTool(CallOfOnesOwn):
    """A tool that asks its caller's user (elicitation) before it acts.

    ``arguments`` are such that nothing is lost that anybody needs if it acts. ``answer`` is what is
    filled in; without it the judge declines. ``other_arguments`` are another call that it takes.
    """

    answer: dict[str, Any] | None = None
    other_arguments: dict[str, Any] | None = None


AskingTools = Annotated[
    tuple[AskingTool, ...],
    BeforeValidator(several, json_schema_input_type=AskingTool | tuple[AskingTool, ...]),
]
"""`[tools.asking]`, or `[[tools.asking]]` once for each tool."""


class TaskTool(CallOfOnesOwn):
    """A tool that runs as a task where the client can follow one."""


class TellingTool(CallOfOnesOwn):
    """A tool that tells its caller of its progress, or logs, while it works.

    In texts of ``arguments`` ``{unique}`` is a word of its own.
    """


TellingTools = Annotated[
    tuple[TellingTool, ...],
    BeforeValidator(several, json_schema_input_type=TellingTool | tuple[TellingTool, ...]),
]
"""`[tools.telling]`, or `[[tools.telling]]` once for each tool."""


class KnownFailure(Section):
    """A failure the target's owner knows of and has not mended yet.

    ``until`` is the last day on which it does not fail the run (UTC). ``checks`` names those of the
    requirement's checks that may fail until then, as a report names them; without it all may.
    """

    reason: Reason
    until: Day
    checks: tuple[Reason, ...] = ()
