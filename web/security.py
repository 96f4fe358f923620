"""Security headers of pages."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from api.auth.csrf import own_origin
from domain.rules.enums import LearningProvider
from domain.settings import Settings


def page_headers(*, form_targets: Iterable[str] = ()) -> dict[str, str]:
    """Return the headers of every page: nobody may store it, frame it or run foreign code in it."""
    # Browsers apply form-action to every redirect after a form too: a page whose form leads to a learning provider has
    # to name the provider, and the front-end that the person returns to.
    targets = " ".join(dict.fromkeys(["'self'", *form_targets]))
    return {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            f"form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
        ),
        **redirect_headers(),
    }


def redirect_headers() -> dict[str, str]:
    """Return the headers of every answer that concerns one person."""
    return {
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        # Not no-referrer: with that, browsers hide the origin of our own forms too, which old ones have to prove.
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


def association_targets(settings: Settings) -> list[str]:
    """Return the origins that a form may lead to when an association starts."""
    issuers = [provider.issuer for provider in map(settings.provider, LearningProvider) if provider]
    return [own_origin(settings), *map(_source, issuers), *map(_source, settings.return_origins)]


def sign_in_targets(settings: Settings) -> list[str]:
    """Return the sources that the sign-in form may lead to."""
    # Any organization may bring its own issuer, and a public page does not list our customers' issuers. Sandbox mode
    # allows issuers over plain HTTP.
    return [own_origin(settings), "https:", *(["http:"] if settings.sandbox else [])]


def _source(url: str) -> str:
    parts = urlsplit(url)
    # The grammar of a policy has no words for an IPv6 address.
    return f"{parts.scheme}:" if "[" in parts.netloc else f"{parts.scheme}://{parts.netloc}"
