"""Jobs: the kinds of work that a worker is woken for.

A job names a kind of work and no row, since the database says what is due (decision 0004).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol


@dataclass(frozen=True, kw_only=True)
class Job:
    """A wake-up for one kind of work, at once or at an instant (aware, UTC)."""

    name: ClassVar[str]
    at: datetime | None = None


class ProcessCallback(Job):
    """There are callbacks to process."""

    name = "process_callback"


class PropagateCredits(Job):
    """There are credit events that become due."""

    name = "propagate_credits"


class DeliverInvitations(Job):
    """There are invitations whose message is due."""

    name = "deliver_invitations"


class RereadTranscripts(Job):
    """There are transcripts to read again; only the sweeper starts it."""

    name = "reread_transcripts"


class ForgetIdempotencyKeys(Job):
    """There are idempotency keys that have expired; only the sweeper starts it, since it is not urgent."""

    name = "forget_idempotency_keys"


class CheckSessions(Job):
    """There are sessions to check at their issuers; only the sweeper starts it."""

    name = "check_sessions"


class JobQueue(Protocol):
    """Where an operation announces, after its commit, the work that it leaves to a worker."""

    async def wake(self, job: Job) -> None:
        """Wake a worker for the job; never raise, since the sweeper finds the work anyway."""


class NoQueue:
    """The queue of a process that leaves everything to the sweeper."""

    async def wake(self, job: Job) -> None:
        """Do nothing."""


_queue: JobQueue = NoQueue()


def use_queue(queue: JobQueue) -> None:
    """Let this process announce its jobs in ``queue``; called once, by a composition root."""
    global _queue  # noqa: PLW0603
    _queue = queue


async def announce(job: Job) -> None:
    """Wake a worker for a job whose cause is committed."""
    await _queue.wake(job)
