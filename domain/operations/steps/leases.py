"""Lease a row to one worker while it calls outside."""

# Longer than any call outside may take: a provider's answer, or a mail server's.
LEASE_SECONDS = 90


class ClaimLost(Exception):
    """The lease lapsed and another worker holds the row now, or the work is done."""
