"""Organizations: create one, and change its mail domains, issuers, clients there and track."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.database.pool import execute, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import InvalidInput, NotFound, TryAgain
from domain.models import IssuerCredential
from domain.operations.steps.audit import record_audit
from domain.operations.steps.end_sessions import end_attempts, end_sessions
from domain.operations.steps.locks import lock_attempts_of_organization, lock_bound_members, lock_organization
from domain.providers.client_authentication import ClientKey, ClientSecret, Credential
from domain.queries.issuers import TrustedIssuer, issuer_or_raise, issuers_of_organization
from domain.queries.organizations import organization_id_of
from domain.rules.enums import AddressTrust, CredentialKind, IssuerPreset, Track
from domain.rules.identity import IssuerTrust, check_trust
from domain.rules.issuer_presets import PROFILES, access_token_issuers
from domain.rules.mail import mail_domain
from domain.rules.sign_in import check_issuer
from domain.settings import Settings

# Two, so that the next secret is known here before the issuer forgets the present one.
CREDENTIAL_SLOTS = (1, 2)
DEFAULT_AUDIENCES = ("certlink-api",)


@dataclass(frozen=True, kw_only=True)
class IssuerSettings:
    """An issuer to trust, and our client there.

    What is left out stays as it is where the issuer is trusted already, and else is as the preset says: ``GENERIC``.
    """

    issuer: str
    client_id: str
    credential: Credential | None = None
    preset: IssuerPreset | None = None
    discovery_url: str | None = None
    address_trust: AddressTrust | None = None
    address_claims: tuple[str, ...] = ()
    subject_claims: tuple[str, ...] = ()
    api_audiences: tuple[str, ...] = ()
    access_token_issuers: tuple[str, ...] = ()
    # Whose tokens the API takes, by `azp` or `appid`; of every client where none is named.
    front_end_client_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RemovedIssuer:
    """What ended with the trust in an issuer."""

    bindings_cleared: int
    sessions_ended: int


@operation
async def create_organization(
    transaction: Transaction, *, name: str, domain: str, issuer: IssuerSettings, now: datetime, settings: Settings
) -> int:
    """Write an organization with its first mail domain and its issuer; return its id.

    Raises:
        InvalidInput: another organization has the domain, or the issuer's settings are not safe or not valid.
    """
    main_domain = mail_domain(domain)
    organization_id: int | None = await fetch_value(
        """INSERT INTO organization (name, domain, created_at) VALUES ($1, $2, $3)
           ON CONFLICT DO NOTHING RETURNING id""",
        name,
        main_domain,
        now,
    )
    if organization_id is None:
        raise InvalidInput("Another organization has this mail domain.")
    await _add_domain(organization_id, main_domain, now=now)
    await _add_issuer(organization_id, _chosen(issuer, None), now=now, settings=settings)
    await record_audit(
        organization_id,
        actor="operator",
        action="organization_created",
        subject=f"organization:{organization_id}",
        now=now,
    )
    return organization_id


@operation
async def add_mail_domain(transaction: Transaction, *, organization_domain: str, domain: str, now: datetime) -> None:
    """Let people with addresses of another mail domain belong to an organization.

    Raises:
        NotFound: there is no organization with this mail domain.
        InvalidInput: it is no mail domain, or an organization has it.
    """
    organization_id = await organization_id_of(organization_domain)
    await lock_organization(organization_id)
    added = mail_domain(domain)
    await _add_domain(organization_id, added, now=now)
    await _audit(organization_id, "mail_domain_added", {"domain": added}, now=now)


@operation
async def remove_mail_domain(transaction: Transaction, *, organization_domain: str, domain: str, now: datetime) -> None:
    """Let nobody be invited or bound by addresses of a mail domain any more; who is a member stays one.

    Raises:
        NotFound: there is no such organization, or it has no such domain.
        InvalidInput: it is the organization's main domain.
    """
    organization_id = await organization_id_of(organization_domain)
    await lock_organization(organization_id)
    removed = mail_domain(domain)
    if await fetch_value("SELECT domain = $2 FROM organization WHERE id = $1", organization_id, removed):
        raise InvalidInput("This is the organization's main mail domain, by which it is named: it stays.")
    deleted = await execute(
        "DELETE FROM mail_domain WHERE organization_id = $1 AND domain = $2", organization_id, removed
    )
    if not deleted:
        raise NotFound("The organization has no such mail domain.")
    await _audit(organization_id, "mail_domain_removed", {"domain": removed}, now=now)


@operation
async def trust_issuer(
    transaction: Transaction, *, organization_domain: str, issuer: IssuerSettings, now: datetime, settings: Settings
) -> TrustedIssuer:
    """Trust one more issuer: until another one is removed, people sign in at any of them.

    Raises:
        NotFound: there is no organization with this mail domain.
        InvalidInput: the organization trusts the issuer already, or its settings are not safe or not valid.
    """
    organization_id = await organization_id_of(organization_domain)
    await lock_organization(organization_id)
    chosen = _chosen(issuer, None)
    await _add_issuer(organization_id, chosen, now=now, settings=settings)
    await _audit(organization_id, "issuer_added", {"preset": str(chosen.preset)}, now=now)
    return await issuer_or_raise(organization_domain, issuer.issuer)


@operation
async def remove_issuer(
    transaction: Transaction, *, organization_domain: str, issuer: str, now: datetime
) -> RemovedIssuer:
    """Trust an issuer no more, nor anything that it confirmed; the organization's last one can be removed, too.

    Members stay what they are, with their associations and credits. Who was bound by this issuer alone is bound to
    nobody until a verified address binds them again at another one.

    Raises:
        NotFound: there is no such organization, or it does not trust this issuer.
    """
    removed = await issuer_or_raise(organization_domain, issuer)
    await _lock_for_removal(removed.organization_id, [removed])
    return await _remove(transaction, removed, now=now)


@operation
async def replace_issuer(
    transaction: Transaction, *, organization_domain: str, issuer: IssuerSettings, now: datetime, settings: Settings
) -> RemovedIssuer | None:
    """Trust one issuer in place of all before, by these settings; return nothing where that is so already.

    Other claims of the subject clear the issuer's own bindings, too: they name people in another way.

    Raises:
        NotFound: there is no organization with this mail domain.
        InvalidInput: the issuer's settings are not safe or not valid.
        TryAgain: another issuer was added at this moment.
    """
    organization_id = await organization_id_of(organization_domain)
    before = await issuers_of_organization(organization_id)
    present = next((row for row in before if row.issuer == issuer.issuer), None)
    others = [row for row in before if row is not present]
    chosen = _chosen(issuer, present)
    if present is not None and not others and chosen == _settings_of(present):
        return None
    await _lock_for_removal(organization_id, before)
    # Another command may have added one meanwhile, whose members are not locked.
    if {row.id for row in await issuers_of_organization(organization_id)} != {row.id for row in before}:
        raise TryAgain
    ended = [await _remove(transaction, row, now=now) for row in others]
    if present is None:
        await _add_issuer(organization_id, chosen, now=now, settings=settings)
    else:
        await _write_settings(present.id, chosen)
        if tuple(present.subject_claims) != chosen.subject_claims:
            ended.append(await _clear_bindings(transaction, present, now=now))
    await _audit(organization_id, "issuer_changed", {"preset": str(chosen.preset)}, now=now)
    return RemovedIssuer(
        bindings_cleared=sum(one.bindings_cleared for one in ended),
        sessions_ended=sum(one.sessions_ended for one in ended),
    )


@operation
async def set_client(
    transaction: Transaction,
    *,
    organization_domain: str,
    issuer: str | None,
    client_id: str | None,
    credential: Credential | None,
    expires_at: datetime | None = None,
    end_previous: bool = False,
    now: datetime,
    settings: Settings,
) -> TrustedIssuer:
    """Set our client's id, or give it another secret or key, at an issuer.

    The credential before is tried, too, until it is to end or a third one comes, so that nobody is refused while the
    issuer takes over the new one. Another client id ends every credential of the one before.

    Raises:
        NotFound: there is no such organization or issuer.
        InvalidInput: there is nothing to set, or the client id is an audience of the API.
    """
    if client_id is None and credential is None and not end_previous:
        raise InvalidInput("Say what to set: a client id, a secret or a key.")
    trusted = await issuer_or_raise(organization_domain, issuer)
    await lock_organization(trusted.organization_id)
    is_other_client = client_id not in (None, trusted.client_id)
    if client_id is not None and is_other_client:
        if client_id in trusted.api_audiences:
            raise InvalidInput(SAME_AUDIENCE)
        await execute("UPDATE identity_issuer SET client_id = $2 WHERE id = $1", trusted.id, client_id)
    staying = None
    # Without another one the newest stays, of whatever is before it.
    if not is_other_client and (credential is None or not end_previous):
        staying = await fetch_value(
            """SELECT id FROM issuer_credential WHERE identity_issuer_id = $1 AND ended_at IS NULL
               ORDER BY id DESC LIMIT 1""",
            trusted.id,
        )
    if credential is not None or is_other_client or end_previous:
        await execute(
            """UPDATE issuer_credential SET ended_at = greatest(created_at, $2)
               WHERE identity_issuer_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $3""",
            trusted.id,
            now,
            staying,
        )
    if credential is not None:
        await _add_credential(trusted.id, credential, expires_at=expires_at, now=now, settings=settings)
    await _audit(
        trusted.organization_id,
        "issuer_client_changed",
        {"client_id": is_other_client, "credential": credential is not None, "previous_ended": staying is None},
        now=now,
    )
    return await issuer_or_raise(organization_domain, trusted.issuer)


@operation
async def change_track(
    transaction: Transaction, *, organization_domain: str, track: Track | None, now: datetime
) -> None:
    """Score an organization on one track, or on every track if ``track`` is ``None``, also for past instants.

    Raises:
        NotFound: there is no organization with this mail domain.
        InvalidInput: no organization can be on this track.
    """
    if track is Track.ALL:
        raise InvalidInput("An organization is on the track ENTERPRISE or SMB.")
    organization_id = await organization_id_of(organization_domain)
    await execute("UPDATE organization SET track = $2 WHERE id = $1", organization_id, track)
    await _audit(organization_id, "track_changed", {"track": track}, now=now)


SAME_AUDIENCE = "The API's audience must differ from the client id: identity tokens are no access tokens."


async def _add_domain(organization_id: int, domain: str, *, now: datetime) -> None:
    added = await execute(
        """INSERT INTO mail_domain (organization_id, domain, created_at) VALUES ($1, $2, $3)
           ON CONFLICT (domain) DO NOTHING""",
        organization_id,
        domain,
        now,
    )
    if not added:
        raise InvalidInput("An organization has this mail domain already.")


def _chosen(issuer: IssuerSettings, present: TrustedIssuer | None) -> IssuerSettings:
    """Return an issuer's settings, each of them set.

    Raises:
        InvalidInput: they are not safe or not valid.
    """
    preset = issuer.preset or (present.preset if present else IssuerPreset.GENERIC)
    # What was set by hand belongs to the preset for which it was set.
    kept = _settings_of(present) if present is not None and present.preset is preset else None
    profile = PROFILES[preset]
    chosen = replace(
        issuer,
        preset=preset,
        discovery_url=issuer.discovery_url or (present.discovery_url if present else None),
        address_trust=issuer.address_trust or (kept.address_trust if kept else profile.address_trust),
        address_claims=issuer.address_claims or (kept.address_claims if kept else profile.address_claims),
        subject_claims=issuer.subject_claims or (kept.subject_claims if kept else profile.subject_claims),
        api_audiences=issuer.api_audiences or (tuple(present.api_audiences) if present else DEFAULT_AUDIENCES),
        access_token_issuers=issuer.access_token_issuers
        or (kept.access_token_issuers if kept else access_token_issuers(preset, issuer.issuer)),
        front_end_client_ids=issuer.front_end_client_ids or (tuple(present.front_end_client_ids) if present else ()),
        client_id=present.client_id if present else issuer.client_id,
        credential=None if present else issuer.credential,
    )
    check_issuer(chosen.issuer)
    if chosen.discovery_url is not None:
        check_issuer(chosen.discovery_url)
    assert chosen.address_trust is not None
    check_trust(
        IssuerTrust(
            issuer=chosen.issuer,
            address_trust=chosen.address_trust,
            address_claims=chosen.address_claims,
            subject_claims=chosen.subject_claims,
            mail_domains=frozenset(),
        )
    )
    if chosen.client_id in chosen.api_audiences:
        raise InvalidInput(SAME_AUDIENCE)
    return chosen


def _settings_of(row: TrustedIssuer) -> IssuerSettings:
    return IssuerSettings(
        issuer=row.issuer,
        client_id=row.client_id,
        preset=row.preset,
        discovery_url=row.discovery_url,
        address_trust=row.address_trust,
        address_claims=tuple(row.address_claims),
        subject_claims=tuple(row.subject_claims),
        api_audiences=tuple(row.api_audiences),
        access_token_issuers=tuple(row.access_token_issuers),
        front_end_client_ids=tuple(row.front_end_client_ids),
    )


async def _add_issuer(organization_id: int, chosen: IssuerSettings, *, now: datetime, settings: Settings) -> None:
    identity_issuer_id: int | None = await fetch_value(
        """INSERT INTO identity_issuer (organization_id, issuer, preset, address_trust, address_claims, subject_claims,
               client_id, api_audiences, access_token_issuers, front_end_client_ids, created_at)
           VALUES ($1, $2, 'GENERIC', 'VERIFIED', '{email}', '{sub}', $3, '{}', '{}', '{}', $4)
           ON CONFLICT (organization_id, issuer) WHERE removed_at IS NULL DO NOTHING RETURNING id""",
        organization_id,
        chosen.issuer,
        chosen.client_id,
        now,
    )
    if identity_issuer_id is None:
        raise InvalidInput("The organization trusts this issuer already.")
    await _write_settings(identity_issuer_id, chosen)
    if chosen.credential is not None:
        await _add_credential(identity_issuer_id, chosen.credential, expires_at=None, now=now, settings=settings)


async def _write_settings(identity_issuer_id: int, chosen: IssuerSettings) -> None:
    await execute(
        """UPDATE identity_issuer SET preset = $2, discovery_url = $3, address_trust = $4, address_claims = $5,
               subject_claims = $6, api_audiences = $7, access_token_issuers = $8, front_end_client_ids = $9
           WHERE id = $1""",
        identity_issuer_id,
        chosen.preset,
        chosen.discovery_url,
        chosen.address_trust,
        list(chosen.address_claims),
        list(chosen.subject_claims),
        list(chosen.api_audiences),
        list(chosen.access_token_issuers),
        list(chosen.front_end_client_ids),
    )


async def _add_credential(
    identity_issuer_id: int, credential: Credential, *, expires_at: datetime | None, now: datetime, settings: Settings
) -> None:
    taken = await fetch_value(
        "SELECT slot FROM issuer_credential WHERE identity_issuer_id = $1 AND ended_at IS NULL", identity_issuer_id
    )
    is_secret = isinstance(credential, ClientSecret)
    await IssuerCredential.create(
        identity_issuer_id=identity_issuer_id,
        slot=next(slot for slot in CREDENTIAL_SLOTS if slot != taken),
        kind=CredentialKind.SECRET if is_secret else CredentialKind.PRIVATE_KEY,
        sealed=settings.master_key.seal(credential.secret if isinstance(credential, ClientSecret) else credential.pem),
        thumbprint=credential.thumbprint if isinstance(credential, ClientKey) else None,
        created_at=now,
        expires_at=expires_at,
    )


async def _lock_for_removal(organization_id: int, issuers: Sequence[TrustedIssuer]) -> None:
    await lock_attempts_of_organization(organization_id)
    # Whoever opens a session keeps its member active and bound until then.
    await lock_bound_members([issuer.id for issuer in issuers])
    await lock_organization(organization_id)


async def _remove(transaction: Transaction, issuer: TrustedIssuer, *, now: datetime) -> RemovedIssuer:
    removed = await execute(
        "UPDATE identity_issuer SET removed_at = greatest(created_at, $2) WHERE id = $1 AND removed_at IS NULL",
        issuer.id,
        now,
    )
    if not removed:
        raise NotFound("The organization does not trust this issuer.")
    await execute(
        """UPDATE issuer_credential SET ended_at = greatest(created_at, $2)
           WHERE identity_issuer_id = $1 AND ended_at IS NULL""",
        issuer.id,
        now,
    )
    ended = await _clear_bindings(transaction, issuer, now=now)
    await _audit(
        issuer.organization_id,
        "issuer_removed",
        {"bindings_cleared": ended.bindings_cleared, "sessions_ended": ended.sessions_ended},
        now=now,
    )
    return ended


async def _clear_bindings(transaction: Transaction, issuer: TrustedIssuer, *, now: datetime) -> RemovedIssuer:
    # Read again: a member bound while this transaction waited for the organization is bound by this issuer, too.
    unbound: list[int] = await fetch_value(
        """WITH ended AS (
               UPDATE work_identity SET ended_at = greatest(bound_at, $2)
               WHERE identity_issuer_id = $1 AND ended_at IS NULL RETURNING member_id)
           SELECT coalesce(array_agg(member_id ORDER BY member_id), '{}') FROM ended""",
        issuer.id,
        now,
    )
    await execute(
        """UPDATE account_replacement SET decided_at = greatest(requested_at, $2), is_confirmed = false
           WHERE identity_issuer_id = $1 AND decided_at IS NULL""",
        issuer.id,
        now,
    )
    sessions = await end_sessions(transaction, unbound, now=now)
    # Whoever held a session of this issuer must not link an account to the member afterwards (R1).
    await end_attempts(transaction, unbound, now=now)
    return RemovedIssuer(bindings_cleared=len(unbound), sessions_ended=sessions)


async def _audit(organization_id: int, action: str, details: dict[str, object], *, now: datetime) -> None:
    await record_audit(
        organization_id,
        actor="operator",
        action=action,
        subject=f"organization:{organization_id}",
        details=details,
        now=now,
    )
