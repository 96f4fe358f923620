"""Settings, profiles and transcripts of learning providers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from domain.providers.client_authentication import ClientSecret
from domain.providers.oidc import OFFLINE_ACCESS, Client, Issuers
from domain.rules.enums import CompletionKind, LearningProvider
from domain.rules.sign_in import ProviderUnavailable
from domain.rules.text import is_printable
from domain.settings import ProviderSettings, Settings

# A provider whose cursors never end must not keep a worker.
MAX_PAGES = 200
# No control characters: the database cannot store NUL.
PLAIN = r"^[^\x00-\x1f\x7f]+$"


@dataclass(frozen=True, kw_only=True)
class CompletionRecord:
    """One completion of a transcript; instants are aware, in UTC."""

    completion_id: str
    certification: str
    kind: CompletionKind
    completed_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class _Completion(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)

    completion_id: str = Field(pattern=PLAIN, max_length=200)
    certification: str = Field(pattern=PLAIN, max_length=100)
    kind: CompletionKind
    completed_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None


class _Transcript(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)

    profile_id: str
    completions: list[_Completion]
    next_cursor: str | None = None


def provider_client(settings: Settings, provider: LearningProvider) -> tuple[ProviderSettings, Client]:
    """Return the settings of a learning provider and our client at it.

    Raises:
        ProviderUnavailable: it is not set up.
    """
    own_settings = settings.provider(provider)
    if own_settings is None:
        raise ProviderUnavailable(provider.display_name)
    return own_settings, Client(
        issuer=own_settings.issuer,
        client_id=own_settings.client_id,
        credentials=(ClientSecret(secret=own_settings.client_secret),) if own_settings.client_secret else (),
        redirect_uri=f"{settings.public_url}/callbacks/{provider.slug}",
        title=provider.display_name,
        scope=f"openid profile email {OFFLINE_ACCESS}",
    )


def profile_id_of(provider: LearningProvider, userinfo: Mapping[str, Any]) -> str | None:
    """Return the account's id in its profile, or nothing if the profile is incomplete (R3)."""
    if provider is LearningProvider.MICROSOFT_LEARN:
        # An account has an MCID once its certification profile is complete.
        mcid = userinfo.get("mcid")
        return mcid if isinstance(mcid, str) and mcid.isascii() and mcid.isdigit() and len(mcid) <= 20 else None
    learner_id = userinfo.get("learner_id")
    is_valid = isinstance(learner_id, str) and learner_id and is_printable(learner_id, max_length=100)
    return learner_id if is_valid else None


async def read_transcript(
    issuers: Issuers, *, url: str, title: str, access_token: str, profile_id: str
) -> list[CompletionRecord]:
    """Return all completions of the account of an access token, each once.

    Raises:
        SignInNotAccepted: the access token is refused.
        ProviderUnavailable: there is no answer, it cannot be read, or it is about another account.
    """
    records: dict[str, CompletionRecord] = {}
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page_url = url if cursor is None else f"{url}?{urlencode({'cursor': cursor})}"
        document = await issuers.get(page_url, title=title, access_token=access_token)
        try:
            page = _Transcript.model_validate(document)
        except ValidationError:
            raise ProviderUnavailable(title) from None
        if page.profile_id != profile_id:
            raise ProviderUnavailable(title)
        for completion in page.completions:
            if completion.expires_at is not None and completion.expires_at < completion.completed_at:
                raise ProviderUnavailable(title)
            records[completion.completion_id] = CompletionRecord(**completion.model_dump())
        cursor = page.next_cursor
        if cursor is None:
            return list(records.values())
    raise ProviderUnavailable(title)
