"""What an organization's directory says of a user (SCIM), and its tokens.

A user's work address is their work e-mail, else their primary one, else their user name. (Our decision.)
"""

from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any

from domain.errors import InvalidInput, Refusal
from domain.rules.text import is_printable

# Begins like no API key: after the mark of those comes no underscore.
SCIM_MARK = "certlink_scim_"
# Entra writes it into the user name of a guest, whose own address is of another organization.
_GUEST = "#ext#"
MAX_USER_NAME = 320
MAX_EXTERNAL_ID = 255
MAX_NAME = 200
MAX_EMAILS = 20
# A page has 200 users.
MAX_TEXT = 1_000
MAX_RESOURCE = 16_000


class DirectoryUserExists(Refusal):
    """Another user of the directory has what only one may have."""

    code = "DIRECTORY_USER_EXISTS"

    def __init__(self) -> None:
        super().__init__("Another user of the directory has this userName, externalId or work e-mail already.")


class DirectoryUserChanged(Refusal):
    """Another request has changed the user meanwhile."""

    code = "DIRECTORY_USER_CHANGED"

    def __init__(self) -> None:
        super().__init__("The user was changed meanwhile. Read it again, then try again. Nothing was changed.")


@dataclass(frozen=True, kw_only=True)
class DirectoryProfile:
    """What counts of a user's resource; ``is_active`` and ``name`` are nothing where it does not tell them."""

    user_name: str
    external_id: str | None
    is_active: bool | None
    name: str | None
    address: str


def profile_of(resource: Mapping[str, Any]) -> DirectoryProfile:
    """Return what counts of a SCIM user, whose values have SCIM's types.

    Raises:
        InvalidInput: it is a guest, the user name or the external id is too long or cannot be printed, there are too
            many e-mails, or the texts are too long.
    """
    user_name, external_id = resource["userName"], resource.get("externalId")
    if not user_name.strip() or not is_printable(user_name, max_length=MAX_USER_NAME):
        raise InvalidInput(f"userName must have 1 to {MAX_USER_NAME} printable characters.")
    if _GUEST in user_name.lower():
        raise InvalidInput("A userName with #EXT# is a guest of another organization. Provision members only.")
    if external_id is not None and not is_printable(external_id, max_length=MAX_EXTERNAL_ID):
        raise InvalidInput(f"externalId must have at most {MAX_EXTERNAL_ID} printable characters.")
    check_emails(resource.get("emails"))
    lengths = [len(text) for text in _texts(resource)]
    if max(lengths) > MAX_TEXT:
        raise InvalidInput(f"A text of a user may have at most {MAX_TEXT:,} characters.")
    if sum(lengths) > MAX_RESOURCE:
        raise InvalidInput(f"The texts of a user may have at most {MAX_RESOURCE:,} characters in all.")
    return DirectoryProfile(
        user_name=user_name,
        external_id=external_id or None,
        is_active=resource.get("active"),
        name=_name(resource),
        address=_address(resource) or user_name,
    )


def check_emails(emails: Sized | None) -> None:
    """Accept e-mails that are not too many.

    Raises:
        InvalidInput: there are more.
    """
    if emails is not None and len(emails) > MAX_EMAILS:
        raise InvalidInput(f"A user may have at most {MAX_EMAILS} e-mails.")


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, Sequence):
        for part in value:
            yield from _texts(part)


def _name(resource: Mapping[str, Any]) -> str | None:
    parts = resource.get("name") or {}
    both = " ".join(part for part in (parts.get("givenName"), parts.get("familyName")) if part)
    for text in (resource.get("displayName"), parts.get("formatted"), both):
        name = (text or "").strip()
        if name and is_printable(name, max_length=MAX_NAME):
            return name
    return None


def _address(resource: Mapping[str, Any]) -> str | None:
    emails = [email for email in resource.get("emails") or [] if (email.get("value") or "").strip()]
    # Work goes before primary: a primary address may be a private one, with which nobody could sign in.
    emails.sort(key=lambda email: (_is_work(email), bool(email.get("primary"))), reverse=True)
    if not emails or not (_is_work(emails[0]) or emails[0].get("primary")):
        return None
    address: str = emails[0]["value"]
    return address


def _is_work(email: Mapping[str, Any]) -> bool:
    return (email.get("type") or "").lower() == "work"
