"""Exit codes, and the exception for what is not ready."""

DONE, FAILED, USAGE, NOT_READY = 0, 1, 2, 3


class NotReady(Exception):
    """The machine or the settings lack something; the message is one line that says what and what to do."""
