"""The issuers that the sandbox plays."""

from dataclasses import dataclass
from enum import StrEnum

# With this scope an issuer gives a refresh token.
OFFLINE_ACCESS = "offline_access"


class IssuerKind(StrEnum):
    """A work identity issuer or a learning provider."""

    WORK = "work"
    LEARNING = "learning"


@dataclass(frozen=True)
class Issuer:
    """One OpenID Connect issuer; its key is also its path below the sandbox's base URL."""

    key: str
    name: str
    kind: IssuerKind
    algorithm: str
    tagline: str

    def url(self, base_url: str) -> str:
        """Return the issuer identifier."""
        return f"{base_url}/{self.key}"

    @property
    def mark(self) -> str:
        """Return the initials that stand for a logo."""
        return "".join(word[0] for word in self.name.split())[:2].upper()

    @property
    def slug(self) -> str:
        """Return the key as one word, fit for file names and style classes."""
        return self.key.replace("/", "-")


CONTOSO = Issuer("work/contoso", "Contoso", IssuerKind.WORK, "RS256", "Work account")
FABRIKAM = Issuer("work/fabrikam", "Fabrikam", IssuerKind.WORK, "ES256", "Work account")
MICROSOFT_LEARN = Issuer("microsoft-learn", "Microsoft Learn", IssuerKind.LEARNING, "RS256", "Learning account")
PARTNER_UNIVERSITY = Issuer(
    "partner-university", "Partner University", IssuerKind.LEARNING, "ES256", "Learning account"
)

ISSUERS = (CONTOSO, FABRIKAM, MICROSOFT_LEARN, PARTNER_UNIVERSITY)
ISSUERS_BY_KEY = {issuer.key: issuer for issuer in ISSUERS}
