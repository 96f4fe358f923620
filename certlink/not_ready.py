"""What keeps certlink from starting on this machine as it is?"""


class NotReady(Exception):
    """The machine lacks something; the message is one line that says what and what to do (exit code 3)."""
