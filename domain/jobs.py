"""Jobs: the kinds of work that a worker is woken for."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol


# A job names a kind of work and no row, since the database says what is due (decision 0004): a wake-up that is lost
# or comes twice changes nothing.
@dataclass(frozen=True, kw_only=True)
class Job:
    """A wake-up for one kind of work, at once or at an instant (aware, UTC)."""

    name: ClassVar[str]
    at: datetime | None = None


class ProcessCallback(Job):
    name = "process_callback"


class PropagateCredits(Job):
    name = "propagate_credits"


class DeliverInvitations(Job):
    name = "deliver_invitations"


# The sweeper alone starts these four: they become due by time, and are not urgent.
class RereadTranscripts(Job):
    name = "reread_transcripts"


class ForgetIdempotencyKeys(Job):
    name = "forget_idempotency_keys"


class CheckSessions(Job):
    name = "check_sessions"


class WarnOfExpiry(Job):
    name = "warn_of_expiry"


class JobQueue(Protocol):
    """Where an operation announces, after its commit, the work that it leaves to a worker."""

    async def wake(self, job: Job) -> None:
        """Wake a worker for the job; never raise, since the work is committed and the sweeper finds it."""


class NoQueue:
    """The queue of a process that leaves everything to the sweeper."""

    async def wake(self, job: Job) -> None:
        """Do nothing."""


_queue: JobQueue = NoQueue()


def use_queue(queue: JobQueue) -> None:
    # Called once, by a composition root.
    global _queue  # noqa: PLW0603
    _queue = queue


async def announce(job: Job) -> None:
    await _queue.wake(job)
