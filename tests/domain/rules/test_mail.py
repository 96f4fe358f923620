"""Mail domains and work addresses in one spelling."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.rules.mail import MAX_ADDRESS, MAX_LOCAL_PART, confirmed_spelling, domain_of, mail_domain, one_spelling

COMPOSED, DECOMPOSED = "jos\u00e9@contoso.example", "jose\u0301@contoso.example"
# Letters with marks, letters whose lower case is longer or depends on neighbors, and signs that NFC replaces.
LETTERS = st.sampled_from("aZéÉßẞİıΣςåÅ\u212a\u212b\u037e\u1fef\u0301\u0323ﬁ한각ǅ;@ .-'+")
LOCAL_PARTS = st.text(LETTERS, min_size=1, max_size=12) | st.text(min_size=1, max_size=70)
HOSTS = st.sampled_from(
    ["contoso.example", "Contoso.EXAMPLE", "bücher.example", "FASS.example", "faß.example", "한국.example"]
)
FORMS = st.sampled_from(["NFC", "NFD"])


def test_both_spellings_of_an_address_are_one() -> None:
    assert one_spelling(COMPOSED) == one_spelling(DECOMPOSED) == COMPOSED
    assert confirmed_spelling(COMPOSED) == confirmed_spelling(DECOMPOSED) == COMPOSED


@given(LOCAL_PARTS, HOSTS, FORMS, FORMS)
@example("é" * MAX_LOCAL_PART, "contoso.example", "NFC", "NFD")
def test_an_address_has_one_spelling_however_its_marks_are_written(local: str, host: str, one: str, other: str) -> None:
    written = f"{local}@{host}"
    spellings = {one_spelling(unicodedata.normalize(form, written)) for form in (one, other)}  # type: ignore[arg-type]

    assert len(spellings) == 1


@given(LOCAL_PARTS, HOSTS)
@example("a\u037eb", "contoso.example")
def test_a_spelling_is_its_own_and_can_end_no_mail_header(local: str, host: str) -> None:
    address = one_spelling(f"{local}@{host}")
    if address is None:
        return

    assert one_spelling(address) == address
    assert address.isprintable()
    assert address.count("@") == 1
    assert not set(address) & set(' \r\n"<>,;:()[]\\')
    assert len(address) <= MAX_ADDRESS
    assert domain_of(address).isascii()


@given(LOCAL_PARTS, HOSTS)
def test_what_an_issuer_confirms_is_the_same_address_or_none(local: str, host: str) -> None:
    written = f"{local}@{host}"
    confirmed = confirmed_spelling(written)

    assert confirmed in (one_spelling(written), None)
    if confirmed is not None and confirmed.isascii():
        # Nobody gets a plain address by a letter that only looks like one of it.
        assert local.isascii()


@pytest.mark.parametrize(
    "text", ["\u212aelvin@contoso.example", "a\u037eb@contoso.example", " a@contoso.example", "a@contoso.example\u3000"]
)
def test_an_issuer_does_not_confirm_what_another_person_s_address_would_become(text: str) -> None:
    assert confirmed_spelling(text) is None


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ("contoso.example", "contoso.example"),
        (" Contoso.Example\n", "contoso.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("FAẞ.example", "xn--fa-hia.example"),
        ("xn--fa-hia.example", "xn--fa-hia.example"),
        ("fass.example", "fass.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("contoso\uff0eexample", "contoso.example"),
    ],
)
def test_a_mail_domain_is_kept_in_a_label_form(written: str, domain: str) -> None:
    assert mail_domain(written) == domain
    assert one_spelling(f"amara@{written.strip()}") == f"amara@{domain}"


def test_a_sharp_s_is_another_company_s_domain_than_two() -> None:
    assert mail_domain("faß.example") != mail_domain("fass.example")
    assert one_spelling("amara@faß.example") != one_spelling("amara@fass.example")


@given(st.text(max_size=300))
def test_a_mail_domain_is_its_own_spelling_or_refused(text: str) -> None:
    try:
        domain = mail_domain(text)
    except InvalidInput:
        return

    assert mail_domain(domain) == domain
    assert domain == domain.lower()
    assert domain.isascii()
    assert not set(domain) & set(" @\x00")


@pytest.mark.parametrize(
    "text",
    ["", ".", "contoso.example.", "a..b", "-a.example", "a b.example", "a@b.example", "a_b.example", "\ud800.example",
     "a\x00.example", f"{'a' * 64}.example", ".".join(["a" * 60] * 5), "ü" * 300, "xn--\u00fc.example"],
)  # fmt: skip
def test_what_is_no_mail_domain_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        mail_domain(text)

    assert one_spelling(f"amara@{text}") is None


@pytest.mark.parametrize(
    "text",
    ["", "@", "amara", "@contoso.example", "amara@", "amara osei@contoso.example", "amara@ contoso.example",
     "amara@contoso.example ", "a@b@contoso.example", f"{'a' * 65}@contoso.example", "a\u200b@contoso.example",
     "a\ud800@contoso.example", "a\x00@contoso.example", "a\u037eb@contoso.example", '"a"@contoso.example'],
)  # fmt: skip
def test_what_is_no_address_has_no_spelling(text: str) -> None:
    assert one_spelling(text) is None
    assert confirmed_spelling(text) is None
