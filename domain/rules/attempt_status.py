"""How far is an association attempt at an instant?"""

from datetime import datetime

from domain.rules.words import AttemptStatus


def attempt_status(stored: AttemptStatus, *, expires_at: datetime, at: datetime) -> AttemptStatus:
    """Return an attempt's status; one that still waits for the sign-in when its time is over has expired."""
    if stored is AttemptStatus.AWAITING_SIGN_IN and expires_at <= at:
        return AttemptStatus.EXPIRED
    return stored
