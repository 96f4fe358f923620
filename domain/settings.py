"""Settings and their defaults."""

from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parseaddr
from typing import Annotated, Self
from urllib.parse import unquote, urlsplit

from pydantic import AliasChoices, AnyHttpUrl, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.rules.enums import LearningProvider
from domain.rules.policy import Policy
from domain.secrets import SecretKey


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    transcript_url: str


# Each scheme's port, whether TLS is there from the start, and whether it is begun by STARTTLS.
_MAIL_SCHEMES = {"smtp": (25, False, False), "smtp+starttls": (587, False, True), "smtps": (465, True, False)}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """How to reach a mail server; its TLS, if any, is required and verified."""

    host: str
    port: int
    username: str | None
    password: str | None = field(repr=False)
    tls: bool
    start_tls: bool


class Settings(BaseSettings):
    # Refused values are hidden: they may be the secret key or a password in a URL.
    model_config = SettingsConfigDict(env_prefix="CERTLINK_", extra="ignore", hide_input_in_errors=True)

    database_url: str = Field(
        validation_alias=AliasChoices("database_url", "DATABASE_URL"), description="Where PostgreSQL is."
    )
    redis_url: str = Field(validation_alias=AliasChoices("redis_url", "REDIS_URL"), description="Where Redis is.")
    secret_key: SecretStr = Field(
        description="32 bytes in URL-safe base64, or several of them separated by commas, the newest first; seals "
        "secrets at rest and signs cursors."
    )
    public_url: str = Field("http://localhost:8000", description="The address at which browsers reach certlink.")
    pool_size: int = Field(10, ge=2, le=200, description="Connections to PostgreSQL that one process may hold.")
    return_origins: Annotated[list[str], NoDecode] = Field(
        default=[],
        description="Origins of front-ends, separated by commas: browsers may call from there, and be sent back there.",
    )
    session_hours: int = Field(12, ge=1, description="How long a browser stays signed in.")
    api_key_days: int = Field(
        365, ge=1, le=3650, description="How long an API key or a directory's token lives, and at most."
    )
    cool_off_days: int = Field(30, ge=0, description="Days from one association's start to the next (R6).")
    associations_per_year: int = Field(3, ge=1, description="Associations that may start within 365 days (R6).")
    credit_delay_days: int = Field(10, ge=0, description="Days until a completion counts (R10).")
    attempt_minutes: int = Field(10, ge=1, description="Minutes that an association attempt waits for the sign-in.")
    smtp_url: SecretStr | None = Field(
        None,
        description="The mail server for invitations: smtp://host, smtp+starttls://user:password@host or smtps://…; "
        "without it admins pass the sign-in address on themselves.",
    )
    mail_from: str | None = Field(None, description="From whom invitations come, such as certlink@contoso.example.")
    transcripts_at_once: int = Field(
        4, ge=1, le=100, description="Transcripts that all workers together read at once at one learning provider."
    )
    sweep_seconds: float = Field(3, gt=0, description="How often a worker looks for due work without being woken.")
    documents_file: str | None = Field(
        None, description="A manifest of front-ends' documents, in Relay's or Apollo's format, to register."
    )
    registered_documents_only: bool = Field(
        False, description="Callers without an Authorization header may only run registered documents."
    )
    heartbeat_file: str | None = Field(None, description="A file that a worker touches after each look.")
    log_format: str = Field("console", pattern="^(console|json)$", description="console or json.")
    max_cost: int = Field(10_000, ge=1, description="The most points that one operation may cost.")
    rate_limit: int = Field(100_000, ge=1, description="Points that a caller may use in a minute.")
    organization_rate_limit: int = Field(
        500_000, ge=1, description="Points that all callers of an organization together may use in a minute."
    )
    sandbox: bool = Field(False, description="Sandbox mode: plain-HTTP issuers and the movable clock are allowed.")
    sandbox_clock: str | None = Field(None, description="The file that holds the sandbox's clock.")
    microsoft_learn_issuer: str | None = Field(None, description="Microsoft Learn's OpenID Connect issuer.")
    microsoft_learn_client_id: str = Field("certlink", description="Our client id at Microsoft Learn.")
    microsoft_learn_client_secret: SecretStr = Field(SecretStr(""), description="Our client secret there.")
    microsoft_learn_transcript_url: str = Field("", description="Microsoft Learn's transcript API.")
    partner_university_issuer: str | None = Field(None, description="Partner University's OpenID Connect issuer.")
    partner_university_client_id: str = Field("certlink", description="Our client id at Partner University.")
    partner_university_client_secret: SecretStr = Field(SecretStr(""), description="Our client secret there.")
    partner_university_transcript_url: str = Field("", description="Partner University's transcript API.")

    @field_validator("secret_key")
    @classmethod
    def check_secret_key(cls, value: SecretStr) -> SecretStr:
        # Checked here, so that a wrong key stops the start and not the first sign-in.
        try:
            SecretKey.of_text(value.get_secret_value())
        except ValueError:
            raise ValueError("must be 32 bytes in URL-safe base64, or several, the newest first") from None
        return value

    @field_validator("return_origins", mode="before")
    @classmethod
    def split_origins(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("return_origins")
    @classmethod
    def check_origins(cls, value: list[str]) -> list[str]:
        origins = []
        for text in value:
            try:
                url = AnyHttpUrl(text)
            except ValueError:
                url = None
            if url is None or url.username or url.password or url.path != "/" or url.query or url.fragment:
                raise ValueError(f'"{text}" is no origin: write them as in https://front.contoso.example')
            # As browsers write it: in lower case, without a usual port and without a path.
            origins.append(str(url).rstrip("/"))
        return origins

    @field_validator("public_url")
    @classmethod
    def check_url(cls, value: str) -> str:
        return str(AnyHttpUrl(value)).rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def check_smtp_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            mail_server(value.get_secret_value())
        return value

    @field_validator("mail_from")
    @classmethod
    def check_mail_from(cls, value: str | None) -> str | None:
        if value is not None and (not value.isprintable() or "@" not in parseaddr(value)[1]):
            raise ValueError("must be an address, such as certlink@contoso.example")
        return value

    @model_validator(mode="after")
    def check_mail(self) -> Self:
        if self.smtp_url is not None and self.mail_from is None:
            raise ValueError("CERTLINK_SMTP_URL needs CERTLINK_MAIL_FROM")
        return self

    @model_validator(mode="after")
    def check_limits(self) -> Self:
        # An operation that is allowed and costs more than a minute's points could never run.
        if self.max_cost > min(self.rate_limit, self.organization_rate_limit):
            raise ValueError("CERTLINK_MAX_COST must not exceed a rate limit")
        return self

    @property
    def master_key(self) -> SecretKey:
        return SecretKey.of_text(self.secret_key.get_secret_value())

    @property
    def mail_server(self) -> MailServer | None:
        return mail_server(self.smtp_url.get_secret_value()) if self.smtp_url else None

    @property
    def sign_in_url(self) -> str:
        return f"{self.public_url}/sign-in"

    @property
    def policy(self) -> Policy:
        return Policy(
            cool_off=timedelta(days=self.cool_off_days),
            associations_per_year=self.associations_per_year,
            credit_delay=timedelta(days=self.credit_delay_days),
            attempt_lifetime=timedelta(minutes=self.attempt_minutes),
        )

    @property
    def session_lifetime(self) -> timedelta:
        return timedelta(hours=self.session_hours)

    @property
    def api_key_lifetime(self) -> timedelta:
        return timedelta(days=self.api_key_days)

    def provider(self, provider: LearningProvider) -> ProviderSettings | None:
        """Return how to reach a provider, if it is set up."""
        name = provider.value.lower()
        issuer = getattr(self, f"{name}_issuer")
        if not issuer:
            return None
        return ProviderSettings(
            issuer=issuer,
            client_id=getattr(self, f"{name}_client_id"),
            client_secret=getattr(self, f"{name}_client_secret").get_secret_value(),
            transcript_url=getattr(self, f"{name}_transcript_url"),
        )


def mail_server(url: str) -> MailServer:
    """Return how to reach the mail server at a URL.

    Raises:
        ValueError: the URL is not a mail server's, or would send a password without encryption.
    """
    parts = urlsplit(url)
    if parts.scheme not in _MAIL_SCHEMES or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise ValueError("must be smtp://host:port, smtp+starttls://user:password@host:port or smtps://…")
    port, tls, start_tls = _MAIL_SCHEMES[parts.scheme]
    # Within one machine nobody else can listen, and the local stack has no certificate.
    if parts.password and not tls and not start_tls and parts.hostname not in _LOOPBACK:
        raise ValueError("a password needs smtp+starttls:// or smtps://")
    return MailServer(
        host=parts.hostname,
        port=parts.port or port,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
        start_tls=start_tls,
    )
