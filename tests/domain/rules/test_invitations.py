"""Addresses and resending of invitations (R2)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.rules.enums import DeliveryProblem
from domain.rules.invitations import ResentTooSoon, check_may_resend, resend_available_at, work_address
from tests.clock import START
from tests.domain.instants import MICROSECOND

DAY = timedelta(hours=24)
DOMAIN, DOMAINS = "contoso.example", ["contoso.example", "xn--bcher-kva.example"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("amara.osei@contoso.example", "amara.osei@contoso.example"),
        ("  Amara.Osei@Contoso.Example\n", "amara.osei@contoso.example"),
        ("o'brien+test@contoso.example", "o'brien+test@contoso.example"),
        ("josé@contoso.example", "josé@contoso.example"),
        ("jose\u0301@contoso.example", "jos\u00e9@contoso.example"),
        ("Mei@Bücher.example", "mei@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_kept_in_one_form(text: str, address: str) -> None:
    assert work_address(text, mail_domains=DOMAINS) == address


@pytest.mark.parametrize(
    "text",
    [
        "", "@", "amara", "@contoso.example", "amara@", "amara osei@contoso.example", "a@b@contoso.example",
        "amara@fabrikam.example", "amara@contoso.example.evil.example", "amara@sub.contoso.example",
        "amara@contoso.example, mei@contoso.example", "<amara@contoso.example>", "a\r\nBcc: x@contoso.example",
        "a\x00b@contoso.example", "a\ud800@contoso.example", "a\u200b@contoso.example", f"{'a' * 65}@contoso.example",
        '"a b"@contoso.example', "a;b@contoso.example", "a\u037eb@contoso.example", "amara@ contoso.example",
        "amara@contoso.example.",
    ],
)  # fmt: skip
def test_what_is_no_address_of_the_organization_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        work_address(text, mail_domains=DOMAINS)


@given(st.text())
def test_an_address_that_is_taken_is_one_line_and_its_own_form(text: str) -> None:
    try:
        address = work_address(f"{text}@{DOMAIN}", mail_domains=DOMAINS)
    except InvalidInput:
        return
    assert address.isprintable()
    assert address.count("@") == 1
    assert not set(address) & set(' \r\n"<>,;:()[]\\')
    assert work_address(address, mail_domains=DOMAINS) == address


def test_an_invitation_is_sent_again_after_exactly_24_hours() -> None:
    with pytest.raises(ResentTooSoon) as refused:
        check_may_resend(START, None, now=START + DAY - MICROSECOND)
    check_may_resend(START, None, now=START + DAY)

    assert refused.value.next_available_at == START + DAY
    assert resend_available_at(START, None, now=START + 2 * DAY) == START + 2 * DAY


@pytest.mark.parametrize("problem", DeliveryProblem)
def test_what_did_not_go_out_is_sent_again_at_once(problem: DeliveryProblem) -> None:
    check_may_resend(START, problem, now=START)
