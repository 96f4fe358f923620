"""Delivery of invitations by mail (R2)."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr, ValidationError
from structlog.testing import capture_logs

from domain import mail
from domain.database.pool import execute, fetch_value
from domain.models import Invitation, Member, Organization
from domain.operations.invitation_delivery import deliver_invitation, lease_invitation
from domain.operations.invitations import Invitee, cancel_invitation, correct_invitation, invite_members
from domain.operations.steps.leases import MAX_TRIES
from domain.rules.administration import Operator
from domain.rules.enums import DeliveryProblem
from domain.settings import Settings
from tests.clock import START
from tests.domain.mail_box import MailBox, mail_box
from tests.factories import issuer_of, make_organization, sign_in_at

_LOOPBACK = ipaddress.IPv4Address("127.0.0.1")
ADDRESS = "amara.osei@contoso.example"


@pytest.fixture
async def box() -> AsyncIterator[MailBox]:
    async with mail_box() as box:
        yield box


@pytest.fixture
def posting(settings: Settings, box: MailBox) -> Settings:
    """Settings with the mail server."""
    return _posting(settings, f"smtp://127.0.0.1:{box.port}")


def _posting(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"smtp_url": SecretStr(url), "mail_from": "certlink <certlink@contoso.example>"})


@pytest.fixture
async def organization(database: str) -> Organization:
    return await make_organization()


async def invite(organization: Organization, settings: Settings, *addresses: str) -> list[Invitation]:
    """Invite people and return their invitations."""
    outcomes = await invite_members(
        by=Operator(organization_id=organization.id),
        invitees=[Invitee(work_email=address) for address in addresses or (ADDRESS,)],
        now=START,
        settings=settings,
    )
    return [await Invitation.get(id=outcome.invitation_id) for outcome in outcomes]


async def deliver(settings: Settings, invitation: Invitation, *, tries: int = 1) -> None:
    """Let a worker try so often, whatever it should wait in between."""
    for _ in range(tries):
        await execute("UPDATE invitation SET claimable_at = clock_timestamp() WHERE claimable_at IS NOT NULL")
        assert await deliver_invitation(now=START, settings=settings)
    await invitation.refresh_from_db()


async def test_an_invited_person_gets_one_message_with_the_way_to_sign_in(
    organization: Organization, posting: Settings, box: MailBox
) -> None:
    (invitation,) = await invite(organization, posting)

    await deliver(posting, invitation)

    assert not await deliver_invitation(now=START, settings=posting)
    (message,) = box.messages
    assert box.recipients == [ADDRESS]
    assert message["Subject"] == "Contoso invites you to link your learning account"
    assert (message["To"], message["From"]) == (ADDRESS, "certlink <certlink@contoso.example>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].startswith(f"<invitation-{invitation.id}-")
    assert message["Date"].datetime == START
    text = message.get_content()
    assert "http://localhost:8000/sign-in" in text
    assert ADDRESS in text
    assert (invitation.sent_at, invitation.send_count, invitation.claimable_at) == (START, 1, None)
    assert invitation.delivery_problem is None


async def test_many_are_told_by_several_workers_once_each(
    organization: Organization, posting: Settings, box: MailBox
) -> None:
    addresses = [f"person{number}@contoso.example" for number in range(12)]
    await invite(organization, posting, *addresses)

    async def work() -> None:
        while await deliver_invitation(now=START, settings=posting):
            continue

    await asyncio.gather(*(work() for _ in range(4)))

    assert sorted(box.recipients) == sorted(addresses)
    assert await Invitation.filter(send_count=1, claimable_at=None).count() == len(addresses)


@pytest.mark.parametrize(
    "answers",
    [
        {"RCPT": "550 5.1.1 no such person"},
        {"BODY": "554 5.7.1 not wanted"},
        {"MAIL": "553 5.7.1 sender not allowed"},
    ],
)
async def test_what_the_server_refuses_for_good_is_not_tried_again(
    organization: Organization, posting: Settings, box: MailBox, answers: dict[str, str]
) -> None:
    box.answers = answers
    (invitation,) = await invite(organization, posting)

    await deliver(posting, invitation)

    assert (invitation.delivery_problem, invitation.claimable_at) == (DeliveryProblem.REFUSED, None)
    assert (invitation.sent_at, invitation.send_count, box.messages) == (None, 0, [])


@pytest.mark.parametrize(
    "answers",
    [
        {"RCPT": "451 4.7.1 try again later"},
        {"BODY": "452 4.3.1 full"},
        {"CONNECT": "421 too busy"},
        {"CONNECT": ""},
        {"EHLO": ""},
        {"DATA": ""},
        {"BODY": ""},
        {"EHLO": "nonsense"},
    ],
)
async def test_what_may_succeed_later_is_tried_again_later_and_later(
    organization: Organization, posting: Settings, box: MailBox, answers: dict[str, str]
) -> None:
    box.answers = answers
    (invitation,) = await invite(organization, posting)

    waits = []
    for _ in range(3):
        await deliver(posting, invitation)
        waits.append(await _seconds_to_wait())
    still_due = (invitation.delivery_problem, invitation.claimable_at is not None)
    box.answers = {}
    await deliver(posting, invitation)

    assert still_due == (None, True)
    assert [round(wait / 60) for wait in waits] == [1, 2, 4]
    assert (invitation.send_count, len(box.messages), invitation.delivery_problem) == (1, 1, None)


async def test_after_the_last_try_the_invitation_says_so(organization: Organization, settings: Settings) -> None:
    nowhere = _posting(settings, "smtp://127.0.0.1:9")
    (invitation,) = await invite(organization, nowhere)

    await deliver(nowhere, invitation, tries=MAX_TRIES)

    assert (invitation.delivery_problem, invitation.claimable_at) == (DeliveryProblem.UNREACHABLE, None)
    assert not await deliver_invitation(now=START, settings=nowhere)


async def test_a_message_whose_holders_never_came_back_is_given_up(
    organization: Organization, posting: Settings, box: MailBox
) -> None:
    (invitation,) = await invite(organization, posting)
    await execute("UPDATE invitation SET tries = $1", MAX_TRIES)

    await deliver(posting, invitation)

    assert invitation.delivery_problem is DeliveryProblem.UNREACHABLE
    assert box.messages == []


@pytest.mark.parametrize("silent_at", ["EHLO", "RCPT", "DATA"])
async def test_a_silent_server_holds_nobody_up_for_long(
    organization: Organization, posting: Settings, box: MailBox, silent_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT_SECONDS", 0.2)
    box.silent_at = silent_at
    (invitation,) = await invite(organization, posting)

    await deliver(posting, invitation)

    assert (invitation.delivery_problem, invitation.tries) == (None, 1)


async def test_a_server_that_says_no_farewell_has_the_message_all_the_same(
    organization: Organization, posting: Settings, box: MailBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "SHUTDOWN_TIMEOUT_SECONDS", 0.1)
    box.silent_at = "QUIT"
    (invitation,) = await invite(organization, posting)

    await deliver(posting, invitation)

    assert (invitation.send_count, invitation.claimable_at) == (1, None)


async def test_a_worker_that_died_is_replaced_when_its_lease_lapses(
    organization: Organization, posting: Settings, box: MailBox
) -> None:
    (invitation,) = await invite(organization, posting)
    lease = await lease_invitation()

    nobody = await deliver_invitation(now=START, settings=posting)
    await deliver(posting, invitation)

    assert lease is not None
    assert nobody is False
    assert (invitation.tries, invitation.send_count, len(box.messages)) == (2, 1, 1)


async def test_an_invitation_that_is_corrected_while_it_is_sent_is_sent_to_the_new_address(
    organization: Organization, posting: Settings, box: MailBox
) -> None:
    box.silent_at = "RCPT"
    (invitation,) = await invite(organization, posting)
    sending = asyncio.create_task(deliver_invitation(now=START, settings=posting))
    await box.reached.wait()

    await correct_invitation(
        by=Operator(organization_id=organization.id),
        invitation_id=invitation.id,
        work_email="amara@contoso.example",
        now=START,
        settings=posting,
    )
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    box.silent_at = None
    box.recipients.clear()
    await deliver_invitation(now=START, settings=posting)

    await invitation.refresh_from_db()
    assert box.recipients == ["amara@contoso.example"]
    assert (invitation.send_count, invitation.claimable_at) == (1, None)


@pytest.mark.parametrize("is_canceled", [False, True])
async def test_who_came_or_was_canceled_is_not_told_any_more(
    organization: Organization, posting: Settings, box: MailBox, is_canceled: bool
) -> None:
    (invitation,) = await invite(organization, posting)
    if is_canceled:
        await cancel_invitation(by=Operator(organization_id=organization.id), invitation_id=invitation.id, now=START)
    else:
        await sign_in_at(await issuer_of(organization), email=ADDRESS)

    assert not await deliver_invitation(now=START, settings=posting)
    assert box.messages == []


async def test_without_a_mail_server_the_invitation_says_so_at_once(
    organization: Organization, settings: Settings
) -> None:
    (invitation,) = await invite(organization, settings)

    assert (invitation.delivery_problem, invitation.claimable_at) == (DeliveryProblem.NOT_SET_UP, None)
    assert not await deliver_invitation(now=START, settings=settings)


async def test_a_mail_server_that_was_taken_out_of_the_settings_is_said_too(
    organization: Organization, posting: Settings, settings: Settings
) -> None:
    (invitation,) = await invite(organization, posting)

    await deliver_invitation(now=START, settings=settings)

    await invitation.refresh_from_db()
    assert (invitation.delivery_problem, invitation.claimable_at) == (DeliveryProblem.NOT_SET_UP, None)


async def test_nothing_personal_is_logged(organization: Organization, posting: Settings, box: MailBox) -> None:
    with capture_logs() as logs:
        for answers in ({"RCPT": f"550 no {ADDRESS}"}, {"RCPT": f"450 not now {ADDRESS}"}, {"BODY": ""}):
            box.answers = answers
            await execute("UPDATE invitation SET delivery_problem = NULL, claimable_at = clock_timestamp()")
            if not await Member.exists(work_email=ADDRESS):
                await invite(organization, posting)
            await deliver_invitation(now=START, settings=posting)

    assert len(logs) == 3
    assert ADDRESS not in str(logs)


async def test_an_organization_s_name_cannot_write_headers(posting: Settings, box: MailBox, database: str) -> None:
    organization = await make_organization()
    await Organization.all().update(name="Contoso\r\nBcc: everybody@fabrikam.example")
    (invitation,) = await invite(organization, posting)

    await deliver(posting, invitation)

    assert box.recipients == [ADDRESS]
    assert box.messages[0]["Bcc"] is None


async def test_an_address_beyond_ascii_is_told_or_said_to_be_refused(
    organization: Organization, posting: Settings, box: MailBox
) -> None:
    (told,) = await invite(organization, posting, "josé@contoso.example")
    await deliver(posting, told)
    box.answers = {"EHLO": "250 mail.contoso.example"}
    (refused,) = await invite(organization, posting, "zoë@contoso.example")
    await deliver(posting, refused)

    assert (told.send_count, told.delivery_problem) == (1, None)
    assert (refused.send_count, refused.delivery_problem) == (0, DeliveryProblem.REFUSED)


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
async def test_a_password_goes_only_to_a_server_whose_certificate_is_trusted(
    organization: Organization, settings: Settings, tmp_path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, authority = _certificate(tmp_path)
    async with mail_box(server, implicit=scheme == "smtps") as box:
        posting = _posting(settings, f"{scheme}://certlink:p%40ss@127.0.0.1:{box.port}")
        (invitation,) = await invite(organization, posting)

        await deliver(posting, invitation)
        before = (list(box.logins), len(box.messages))
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        await deliver(posting, invitation)

    assert before == ([], 0)
    assert box.logins == [("certlink", "p@ss")]
    assert (invitation.send_count, len(box.messages)) == (1, 1)


async def test_a_server_that_cannot_begin_tls_is_sent_nothing(organization: Organization, settings: Settings) -> None:
    async with mail_box() as box:
        posting = _posting(settings, f"smtp+starttls://certlink:secret@127.0.0.1:{box.port}")
        (invitation,) = await invite(organization, posting)

        await deliver(posting, invitation)

    assert (box.logins, box.messages, invitation.delivery_problem) == ([], [], None)
    assert set(box.commands) <= {"EHLO", "QUIT"}


BAD_URLS = [
    "",
    "mail.contoso.example",
    "http://mail.contoso.example",
    "smtp://",
    "smtp://mail:port",
    "smtp://mail:99999",
    "smtp://user:secret@mail.contoso.example",
    "smtp://mail/path",
    "smtp://mail?x=y",
]


def test_a_setting_that_cannot_be_meant_is_refused_and_not_shown(settings: Settings) -> None:
    for url in BAD_URLS:
        with pytest.raises(ValidationError) as refused:
            Settings(**settings.model_dump() | {"smtp_url": url, "mail_from": "certlink@contoso.example"})

        assert "secret" not in str(refused.value)


def test_a_mail_server_needs_a_sender(settings: Settings) -> None:
    for sender in (None, "", "certlink", "certlink@contoso.example\nBcc: x@fabrikam.example"):
        with pytest.raises(ValidationError):
            Settings(**settings.model_dump() | {"smtp_url": "smtp://mail", "mail_from": sender})


def test_each_scheme_has_its_port_and_its_security(settings: Settings) -> None:
    urls = ["smtp://mail", "smtp+starttls://u:p%2F@mail", "smtps://u:p@mail:2465", "smtp://u:p@localhost"]

    servers = [
        Settings(**settings.model_dump() | {"smtp_url": url, "mail_from": "a@b.example"}).mail_server for url in urls
    ]

    assert [server and (server.port, server.tls, server.start_tls, server.password) for server in servers] == [
        (25, False, False, None),
        (587, False, True, "p/"),
        (2465, True, False, "p"),
        (25, False, False, "p"),
    ]


async def _seconds_to_wait() -> float:
    seconds: float = await fetch_value(
        "SELECT extract(epoch FROM claimable_at - clock_timestamp())::float8 FROM invitation"
    )
    return seconds


def _certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server's side of TLS for this machine, and the certificate by which it can be trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(_LOOPBACK)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
