"""Reap the processes whose parent was killed."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from local.processes import living_children

PR_SET_CHILD_SUBREAPER = 36
# A child that somebody waits for has been reaped by then.
GRACE_SECONDS = 0.2
SHUTDOWN_TIMEOUT_SECONDS = 2.0


@asynccontextmanager
async def subreaper() -> AsyncIterator[None]:
    """Reap the orphans of our children while the block runs, and wait for the last of them at its end."""
    if sys.platform != "linux":
        yield
        return
    # The first process of a machine should do it, but in many containers it does not, and they stay as zombies.
    loop = asyncio.get_running_loop()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    loop.add_signal_handler(signal.SIGCHLD, lambda: loop.call_later(GRACE_SECONDS, _reap))
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGCHLD)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SHUTDOWN_TIMEOUT_SECONDS):
                while _reap():  # noqa: ASYNC110 - the end of a process sets no event
                    await asyncio.sleep(GRACE_SECONDS / 4)


def _reap() -> bool:
    """Reap every dead orphan, and tell whether any child is left."""
    try:
        while dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if dead.si_pid in living_children:
                return True
            os.waitpid(dead.si_pid, 0)
    except ChildProcessError:
        return False
    return True
