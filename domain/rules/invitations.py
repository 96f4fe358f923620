"""Invitations and the interval between their messages (R2)."""

from collections.abc import Sequence
from datetime import datetime

from domain.errors import InvalidInput, Refusal
from domain.rules.enums import DeliveryProblem
from domain.rules.mail import domain_of, one_spelling
from domain.rules.policy import RESEND_AFTER


class AlreadyMember(Refusal):
    """Somebody with the work e-mail is a member already, or is invited."""

    code = "ALREADY_MEMBER"

    def __init__(self) -> None:
        super().__init__("Somebody with this work e-mail is a member already, or is invited.")


class InvitationAnswered(Refusal):
    """The invited person has signed in: the invitation can no longer be changed."""

    code = "INVITATION_ANSWERED"

    def __init__(self) -> None:
        super().__init__("This person has signed in and is a member now. Nothing was changed.")


class ResentTooSoon(Refusal):
    """The invitation was sent less than a day ago."""

    code = "RESENT_TOO_SOON"

    def __init__(self, next_available_at: datetime) -> None:
        self.next_available_at = next_available_at
        super().__init__("This invitation was sent within the last 24 hours. Please give the person some time.")


def work_address(text: str, *, mail_domains: Sequence[str]) -> str:
    """Return a work e-mail of one of the organization's mail domains, in one spelling.

    Raises:
        InvalidInput: the text is not an address, or is one of another domain.
    """
    address = one_spelling(text.strip())
    if address is None:
        raise InvalidInput("The work e-mail is not an address.")
    # A person with another address could not sign in: the domain leads to the organization's issuer (our decision).
    if domain_of(address) not in mail_domains:
        raise InvalidInput(f"The work e-mail must be one of {' or '.join(mail_domains)}.")
    return address


def resend_available_at(requested_at: datetime, problem: DeliveryProblem | None, *, now: datetime) -> datetime:
    """Return the first instant, from now on, at which an invitation may be sent again: at once if it did not go out."""
    return now if problem is not None else max(now, requested_at + RESEND_AFTER)


def check_may_resend(requested_at: datetime, problem: DeliveryProblem | None, *, now: datetime) -> None:
    """Refuse to send an invitation twice within a day.

    Raises:
        ResentTooSoon: the day is not over.
    """
    available_at = resend_available_at(requested_at, problem, now=now)
    if available_at > now:
        raise ResentTooSoon(available_at)
