"""How does the embedded Redis start, and when is it ready?

It keeps nothing on disk: what is due is in PostgreSQL, and Redis only says sooner.
"""

import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from local.engines.binaries import redis_server
from local.engines.directories import Directories
from local.processes import Command
from local.supervisor import Part

SETTINGS = """\
port 0
unixsocketperm 700
save ""
appendonly no
daemonize no
stop-writes-on-bgsave-error no
user default on nopass ~* &* +@all -@scripting -module -debug -config -replicaof -slaveof
"""


def redis_url(directories: Directories) -> str:
    """Give the address that redis-py and arq take."""
    return f"unix://{_socket(directories)}?db=0"


def redis_part(directories: Directories) -> Part:
    """Write Redis' settings and describe how it runs.

    Raises: NotReady.
    """
    program = redis_server()
    directories.redis.mkdir(mode=0o700, exist_ok=True)
    settings = directories.redis / "redis.conf"
    settings.write_text(f"{SETTINGS}unixsocket {_socket(directories)}\ndir {_quoted(directories.redis)}\n")
    return Part(
        name="redis",
        command=Command((str(program), str(settings)), {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}),
        ready=_ready(directories),
        quiet=True,
    )


def _socket(directories: Directories) -> Path:
    return directories.sockets / "redis.sock"


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _ready(directories: Directories) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        client = Redis(unix_socket_path=str(_socket(directories)))
        try:
            with contextlib.suppress(RedisError, OSError):
                return bool(await client.ping())
            return False
        finally:
            await client.aclose()

    return ready
