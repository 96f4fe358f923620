"""Which kinds of work can wait for a worker?

A job is only a wake-up: it names a kind of work and no row, since the database says what is due (decision 0004).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol


@dataclass(frozen=True, kw_only=True)
class Job:
    """A wake-up for one kind of work, at once or at an instant (aware, UTC)."""

    name: ClassVar[str]
    at: datetime | None = None

    @property
    def key(self) -> str:
        """Return the name under which twins are one."""
        return self.name


@dataclass(frozen=True, kw_only=True)
class ProcessCallback(Job):
    """There are callbacks to process."""

    name = "process_callback"


@dataclass(frozen=True, kw_only=True)
class PropagateCredits(Job):
    """There are credits that come due."""

    name = "propagate_credits"


@dataclass(frozen=True, kw_only=True)
class RereadTranscripts(Job):
    """There are transcripts to read again."""

    name = "reread_transcripts"


@dataclass(frozen=True, kw_only=True)
class DeliverInvitations(Job):
    """There are invitations whose message waits for the mail server."""

    name = "deliver_invitations"


@dataclass(frozen=True, kw_only=True)
class ForgetIdempotencyKeys(Job):
    """There are idempotency keys that hold no more; nobody announces it, since it has time."""

    name = "forget_idempotency_keys"


JOBS: tuple[type[Job], ...] = (
    ProcessCallback,
    PropagateCredits,
    DeliverInvitations,
    RereadTranscripts,
    ForgetIdempotencyKeys,
)


class JobQueue(Protocol):
    """Where an operation announces, after its commit, what it has left to do."""

    async def wake(self, job: Job) -> None:
        """Wake a worker for the job's kind; never raise: the sweeper finds the work anyway."""


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
