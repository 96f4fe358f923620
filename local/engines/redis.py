"""The embedded Redis as a part."""

import contextlib
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from local.engines.binaries import redis_server
from local.engines.directories import Directories
from local.processes import Command
from local.supervisor import Part

# Nothing is kept on disk: what is due is in PostgreSQL, and Redis only wakes the workers sooner.
# The rights leave out scripts and what an operator does: nothing here needs them.
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
    return f"unix://{_socket(directories)}?db=0"


def redis_part(directories: Directories) -> Part:
    """Write Redis' settings and return the part.

    Raises:
        NotReady: there is no Redis on this machine.
    """
    program, socket = redis_server(), _socket(directories)
    directories.redis.mkdir(mode=0o700, exist_ok=True)
    folder = str(directories.redis).replace("\\", "\\\\").replace('"', '\\"')
    settings = directories.redis / "redis.conf"
    settings.write_text(f'{SETTINGS}unixsocket {socket}\ndir "{folder}"\n')

    async def ready() -> bool:
        client = Redis(unix_socket_path=str(socket))
        try:
            with contextlib.suppress(RedisError, OSError):
                return bool(await client.ping())
            return False
        finally:
            await client.aclose()

    return Part(
        name="redis",
        command=Command((str(program), str(settings)), {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}),
        ready=ready,
        quiet=True,
    )


def _socket(directories: Directories) -> Path:
    return directories.sockets / "redis.sock"
