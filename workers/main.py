"""Run a worker until it is stopped, whatever happens to Redis."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import structlog

# arq is known here and in domain/queue.py alone, because it is only maintained and may be replaced (decision 0008).
from arq.worker import Worker, func  # noqa: TID251

from domain.database.pool import open_database
from domain.providers.oidc import Issuers
from domain.queue import QUEUE, deserialize, open_queue, redis_settings, serialize
from domain.settings import Settings
from workers.sweeper import sweep_forever
from workers.tasks import TASKS, WorkerContext

log = structlog.get_logger(__name__)

# arq's own values, half a second and ten jobs, reach an eighth of its throughput, and half a second is the floor of
# every latency. Polling twice as often as this costs about a hundredth of a core.
POLL_SECONDS = 0.1
MAX_JOBS = 20
JOB_TIMEOUT_SECONDS = 120
FIRST_BACK_OFF_SECONDS = 0.5
LAST_BACK_OFF_SECONDS = 3.0
CLOSE_SECONDS = 2.0
# Shorter than the ten seconds after which our supervisor and Docker kill a process.
SHUTDOWN_TIMEOUT_SECONDS = 7.0


async def work(settings: Settings, clock: Callable[[], datetime]) -> None:
    """Work until SIGTERM or SIGINT; then finish the running tasks."""
    stop = asyncio.Event()
    # Our own handlers: arq's would end its worker alone, and wait neither for the sweeper nor for the tasks that run.
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    await work_until(stop, settings, clock)


async def work_until(stop: asyncio.Event, settings: Settings, clock: Callable[[], datetime]) -> None:
    async with (
        open_queue(settings.redis_url),
        open_database(settings.database_url, pool_size=settings.pool_size),
        Issuers(settings=settings) as issuers,
    ):
        context = WorkerContext(settings=settings, clock=clock, issuers=issuers, stop=stop)
        loops = [asyncio.create_task(sweep_forever(context)), asyncio.create_task(listen_forever(context))]
        log.info("worker started")
        stopping = asyncio.create_task(stop.wait())
        # Neither loop ends by itself: if one does, a new process is better than one that finds half the work.
        ended, _ = await asyncio.wait({stopping, *loops}, return_when=asyncio.FIRST_COMPLETED)
        # The tasks that run take nothing new from now on.
        stop.set()
        for task in loops:
            task.cancel()
        await asyncio.wait({*loops, *context.running}, timeout=SHUTDOWN_TIMEOUT_SECONDS)
        canceled = {task for task in (*loops, *context.running) if task.cancel()}
        # What was canceled is due again when its lease has lapsed.
        await asyncio.gather(*canceled, return_exceptions=True)
        log.info("worker stopped", broken_off=len(canceled))
        for task_or_stop in ended:
            task_or_stop.result()


async def listen_forever(context: WorkerContext) -> None:
    """Run arq's worker, and start it again after growing pauses."""
    # It exits within a second of losing Redis, whatever its settings for retries say.
    pause = FIRST_BACK_OFF_SECONDS
    loop = asyncio.get_running_loop()
    while True:
        started = loop.time()
        worker = arq_worker(context)
        try:
            await worker.async_run()
        except Exception as error:
            log.warning("redis away, the sweeper goes on", error=type(error).__name__)
        finally:
            await close_arq_worker(worker)
        pause = FIRST_BACK_OFF_SECONDS if loop.time() - started > LAST_BACK_OFF_SECONDS else pause * 2
        await asyncio.sleep(min(pause, LAST_BACK_OFF_SECONDS))


def arq_worker(context: WorkerContext) -> Worker:
    def arq_function(name: str) -> Callable[..., Coroutine[Any, Any, None]]:
        # A newer release may send arguments.
        async def run(arq_context: dict[str, Any], **_: object) -> None:
            # arq cancels its jobs when Redis goes away or after the time limit; that ends only this wait.
            await asyncio.wait([context.start(name)], timeout=JOB_TIMEOUT_SECONDS / 2)

        return run

    return Worker(
        # While a result is kept, an hour by default, arq drops the job's twins. The sweeper tries again, not arq.
        functions=[func(arq_function(name), name=name, keep_result=0, max_tries=1) for name in TASKS],
        queue_name=QUEUE,
        redis_settings=redis_settings(context.settings.redis_url),
        job_serializer=serialize,
        job_deserializer=deserialize,
        max_jobs=MAX_JOBS,
        poll_delay=POLL_SECONDS,
        job_timeout=JOB_TIMEOUT_SECONDS,
        handle_signals=False,
        log_results=False,
    )


async def close_arq_worker(worker: Worker) -> None:
    """Close arq's worker and its connections, whether Redis is there, away or hanging."""

    async def close_pool() -> None:
        await worker.pool.aclose(close_connection_pool=True)

    for close in (worker.close, close_pool):
        # In a task of its own: arq raises CancelledError also when a job is canceled while it ends.
        closing = asyncio.ensure_future(close())
        await asyncio.wait({closing}, timeout=CLOSE_SECONDS)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
