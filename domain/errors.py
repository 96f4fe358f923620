"""Refusals that any operation may raise."""

from typing import ClassVar


# Each is declared beside the rule that raises it, and mapped once to a GraphQL type that takes its docstring over.
class Refusal(Exception):
    """A request that the programme's rules do not allow: expected, harmless and explained.

    ``code`` is stable for machines; the message is a few sentences for people. The only personal thing that
    it may hold is the ending of an account's id (R17), told to whoever signed in to the account.
    """

    code: ClassVar[str]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


# What does not exist and what is not the caller's answer alike: the difference would tell which ids exist.
class NotFound(Refusal):
    """There is nothing under this id that the caller may see or change."""

    code = "NOT_FOUND"

    def __init__(self, message: str = "There is nothing here under this id that you may see or change.") -> None:
        super().__init__(message)


class Forbidden(Refusal):
    """The caller may not do this, or is not signed in."""

    code = "FORBIDDEN"

    def __init__(self, message: str = "Sign in with your work account to do this.") -> None:
        super().__init__(message)


class InvalidInput(Refusal):
    """The input cannot be understood."""

    code = "INVALID_INPUT"


class TryAgain(Refusal):
    """The service is busy; nothing was done, and the same request may succeed shortly."""

    code = "TRY_AGAIN"

    def __init__(self) -> None:
        super().__init__("The service is busy. Nothing was changed; please try again in a moment.")
