"""How checks are shared out to workers."""

from __future__ import annotations

from conformance.run.scheduling import ALONE, ROTATING, scope_of


def test_checks_that_need_the_target_alone_form_one_group() -> None:
    address = (
        "conformance/checks/rate/address.py::test_the_request_after_the_address_limit_is_refused"
    )
    tenant = "conformance/checks/rate/tenant.py::test_a_refusal_of_a_tenant_is_audited"
    assert scope_of(address) == scope_of(tenant) == ALONE


def test_checks_that_rotate_one_tenants_keys_form_one_group() -> None:
    for check in (
        "rot/refusals.py::test_a_request_without_the_admin_token_changes_no_key",
        "rot/refusals.py::test_a_bad_body_is_refused_by_field",
        "mcp/sessions.py::test_no_generated_message_breaks_the_server",
        "rot/revocation.py::test_a_revoked_key_is_refused_at_once",
    ):
        assert scope_of(f"conformance/checks/{check}") == ROTATING


def test_checks_that_start_processes_go_by_file() -> None:
    path = "conformance/checks/boot/startup.py"
    assert scope_of(f"{path}::test_the_error_never_holds_a_secret") == path


def test_any_other_check_goes_by_itself() -> None:
    name = "conformance/checks/aud/load.py::test_a_callers_text_neither_breaks_nor_forges_a_row"
    assert scope_of(f"{name}[NUL]") == f"{name}[NUL]"
