"""What a draft proposes to name under [tools]: readers alone, and nothing that fits none."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from conformance.channels.http.answer import Answer, Transport
from conformance.drafting import announced
from conformance.drafting.guesses import examples
from conformance.model import Channel


def listed(name: str, required: str = "", *, says: bool | None = None, **types: Any) -> Any:
    """Return a tool as a server lists it; ``types`` are its arguments' schemas."""
    schema = {"type": "object", "properties": types, "required": required.split()}
    notes = {} if says is None else {"annotations": {"readOnlyHint": says}}
    return {"name": name, "inputSchema": schema, **notes}


TEXT = {"type": "string"}
PERIOD = {"type": "string", "enum": ["week", "month"]}


def guessed(*tools: Any) -> dict[str, Any]:
    """Return the [tools] that the guessed lines of tools amount to."""
    found = examples(announced.tools(list(tools)), lambda word: "secret" not in word)
    loose = [channel for channel in found if not found[channel][0].startswith("[")]
    order = [*loose, *(channel for channel in found if channel not in loose)]
    return tomllib.loads("[tools]\n" + "\n".join("\n".join(found[one]) for one in order))["tools"]


def test_an_object_is_read_by_the_id_that_its_list_tells() -> None:
    found = guessed(
        listed("search_notes", "query", query=TEXT),
        listed("listInvoices", page=TEXT),
        listed("list_customers"),
        listed("getInvoice", "invoiceId", invoiceId=TEXT, lang=TEXT),
        listed("read_customer", "id", id={"type": "integer"}),
        listed("whoami"),
    )
    assert found["by_id"] == [
        {"name": "getInvoice", "argument": "invoiceId", "listed_by": "listInvoices"},
        {"name": "read_customer", "argument": "id", "listed_by": "list_customers"},
    ]
    assert found["tenant_data"] == "listInvoices"
    assert found["ping"] == "whoami"


def test_an_argument_of_few_words_is_checked_by_one_that_is_none_of_them() -> None:
    found = guessed(listed("get_report", "period", period=PERIOD, note=TEXT))
    assert found["validated"] == {
        "name": "get_report",
        "arguments": {"period": "week"},
        "bad_arguments": {"period": "none-of-these"},
    }


@pytest.mark.parametrize(
    "tool",
    [
        listed("delete_invoice", "invoice_id", invoice_id=TEXT),
        listed("get_and_close", "invoice_id", says=False, invoice_id=TEXT),
        listed("get_invoice", "tenant_id", tenant_id=TEXT),
        listed("get_invoice", "invoice_id format", invoice_id=TEXT, format=TEXT),
        listed("get_invoice\n[admin]", "invoice_id", invoice_id=TEXT),
        listed("get_secret_invoice", "invoice_id", invoice_id=TEXT),
        listed("get_invoice", "secret_id", secret_id=TEXT),
        {"name": "get_invoice", "inputSchema": {"properties": [1], "required": {"a": 1}}},
        {"name": "get_invoice", "inputSchema": {"properties": {"id": None}, "required": ["id"]}},
    ],
)
def test_what_may_change_something_or_is_oddly_named_is_no_example(tool: Any) -> None:
    found = guessed(listed("list_orders"), listed("list_users"), tool)
    assert "by_id" not in found
    assert "validated" not in found
    assert guessed(tool).get("tenant_data") is None


def test_nothing_is_guessed_of_no_tools() -> None:
    assert examples((), lambda _: True) == {}


def test_the_guesses_are_of_channels_whose_example_they_take_the_place_of() -> None:
    found = examples(
        announced.tools([listed("list_all"), listed("get_one", "id", id=TEXT), listed("ping")]),
        lambda _: True,
    )
    assert set(found) == {Channel.PING_TOOL, Channel.DATA_TOOL, Channel.BY_ID_TOOL}
    for channel, lines in found.items():
        assert lines[0].partition(" ")[0] == channel.row.example[0].partition(" ")[0]


@pytest.mark.parametrize("name", ["X-Request-Id", "X-Trace", "X-Trace-Id"])
def test_the_header_that_names_a_request_is_found_by_its_usual_names(name: str) -> None:
    answer = Answer(Transport.ANSWERED, 401, ((name.lower(), "9c1f"), ("Server", "x")))
    assert announced.request_id([answer]) == name
