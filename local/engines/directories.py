"""Choose the folders of the engines, and the account of PostgreSQL."""

import fcntl
import os
import pwd
import re
import shutil
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from certlink.data_folder import LOCK_FILE, process_identity
from certlink.readiness import NotReady
from local.processes import Account

ELSEWHERE = ("/var/lib", "/var/tmp", "/tmp")
SOCKET_FOLDERS = ("/tmp", "/var/tmp")
# The longer of both engines' socket names: the path of a socket holds 107 bytes, so a deep data folder has no room.
SOCKET_NAME = ".s.PGSQL.5432"
# Other characters are read differently by asyncpg, arq, Redis and PostgreSQL.
PLAIN = re.compile(r"[\w/.+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Directories:
    """The folders of the engines, and the account of PostgreSQL where it is not our own."""

    folder: Path
    sockets: Path
    account: Account | None

    @property
    def cluster(self) -> Path:
        return self.folder / "postgres"

    @property
    def redis(self) -> Path:
        return self.folder / "redis"


@contextmanager
def hold(data: Path) -> Iterator[None]:
    """Hold the data folder while the block runs.

    Raises:
        NotReady: another certlink holds it, or it cannot be made or written.
    """
    if data.exists():
        # PostgreSQL's account has to pass through; what is secret in the folder is closed by itself.
        if os.geteuid() == 0 and data.stat().st_uid == 0:
            data.chmod(stat.S_IMODE(data.stat().st_mode) | 0o011)
    else:
        try:
            data.mkdir(mode=0o711, parents=True)
        except OSError as error:
            raise NotReady(f"cannot make the data folder {data}: {error.strerror}") from None
    try:
        lock = (data / LOCK_FILE).open("a+")
    except OSError:
        owner = _name(data.stat().st_uid)
        raise NotReady(f"{data} belongs to {owner}: start as that user, or choose another --data") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise NotReady(f"{data} is in use by another certlink (process {lock.read().partition(' ')[0]})") from None
        # For those who only look (certlink/data_folder.py): trying the lock would hold it for a moment.
        lock.truncate(0)
        lock.write(f"{os.getpid()} {process_identity(os.getpid())}")
        lock.flush()
        try:
            yield
        finally:
            lock.truncate(0)


@contextmanager
def choose_directories(data: Path, *, durable: bool, say: Callable[[str], None]) -> Iterator[Directories]:
    """Yield the folders of the engines; what is not durable and lies elsewhere is removed at the end.

    Raises:
        NotReady: no folder fits, or there is no account to run PostgreSQL as.
    """
    # PostgreSQL refuses to run as root; then an account without rights runs it, and must be able to reach its files.
    # Where it cannot, as below a closed home, they go elsewhere, and a symbolic link in the data folder says where.
    account = _account(data)
    folder = _engines_folder(data, account, say)
    sockets = _sockets_folder(folder, account)
    try:
        yield Directories(folder=folder, sockets=sockets, account=account)
    finally:
        _remove_sockets(folder / "sockets")
        if not durable and data not in folder.parents:
            shutil.rmtree(folder, ignore_errors=True)
            (data / "engines").unlink(missing_ok=True)


def reachable(path: Path, account: Account | None) -> bool:
    """Tell whether an account may pass through every folder down to a path."""
    if account is None:
        return True
    for folder in (path, *path.parents):
        state = folder.stat()
        right = stat.S_IXOTH
        if state.st_uid == account.user:
            right = stat.S_IXUSR
        elif state.st_gid == account.group:
            right = stat.S_IXGRP
        if not state.st_mode & right:
            return False
    return True


def give(path: Path, account: Account | None) -> None:
    """Make a folder that only the account may enter."""
    path.mkdir(mode=0o700, exist_ok=True)
    if account is not None:
        os.chown(path, account.user, account.group)


def _account(data: Path) -> Account | None:
    if os.geteuid() != 0:
        return None
    # The owner of an existing cluster, else of the data folder: whoever started it first may go on without root.
    for path in (data / "engines" / "postgres", data):
        if path.exists() and (owner := path.stat()).st_uid != 0:
            name = _name(owner.st_uid)
            if name is not None:
                return Account(name, owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise NotReady(
            "PostgreSQL refuses to run as root and there is no account nobody: run as another user"
        ) from None
    return Account("nobody", nobody.pw_uid, nobody.pw_gid)


def _name(user: int) -> str | None:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return None


def _engines_folder(data: Path, account: Account | None, say: Callable[[str], None]) -> Path:
    link = data / "engines"
    if link.is_symlink() and not link.exists():
        say(f"the engines' files in {link.readlink()} are gone: starting with empty ones")
        link.unlink()
    if link.exists():
        folder = link.resolve()
        if _fits(folder, account):
            return folder
        raise NotReady(_unfit(folder, account))
    link.mkdir(mode=0o711)
    if _fits(link, account):
        return link
    link.rmdir()
    for parent in ELSEWHERE:
        with suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix="certlink-", dir=parent))
            folder.chmod(0o711)
            if _fits(folder, account):
                link.symlink_to(folder)
                say(f"{data} cannot hold PostgreSQL's files as its account needs them: they are in {folder}")
                return folder
            shutil.rmtree(folder, ignore_errors=True)
    raise NotReady(_unfit(data, account))


def _fits(folder: Path, account: Account | None) -> bool:
    cluster = folder / "postgres"
    probe = cluster if cluster.exists() else folder / ".probe"
    owner = os.geteuid() if account is None else account.user
    try:
        if probe != cluster:
            give(probe, account)
        state = probe.stat()
        return state.st_uid == owner and stat.S_IMODE(state.st_mode) & 0o077 == 0 and reachable(folder, account)
    except OSError:
        return False
    finally:
        if probe != cluster and probe.exists():
            probe.rmdir()


def _unfit(folder: Path, account: Account | None) -> str:
    cluster = folder / "postgres"
    if cluster.exists() and account is None:
        owner = _name(cluster.stat().st_uid)
        return f"{cluster} belongs to {owner}: start as that user or as root, or choose another --data"
    user = "the present user" if account is None else account.name
    return f"{folder} cannot be reached or owned by {user}, as whom PostgreSQL runs: choose another --data"


def _sockets_folder(folder: Path, account: Account | None) -> Path:
    preferred = folder / "sockets"
    _remove_sockets(preferred)
    for parent in (None, *SOCKET_FOLDERS):
        with suppress(OSError):
            sockets = Path(tempfile.mkdtemp(prefix="certlink-", dir=parent)) if parent else preferred
            give(sockets, account)
            if PLAIN.fullmatch(str(sockets)) and reachable(sockets.parent, account) and _can_bind(sockets):
                if sockets != preferred:
                    preferred.symlink_to(sockets)
                return sockets
            sockets.rmdir()
    raise NotReady(f"no folder on this machine takes unix sockets (tried {folder}, {', '.join(SOCKET_FOLDERS)})")


def _remove_sockets(sockets: Path) -> None:
    if sockets.is_symlink():
        shutil.rmtree(sockets.readlink(), ignore_errors=True)
        sockets.unlink()
    shutil.rmtree(sockets, ignore_errors=True)


def _can_bind(folder: Path) -> bool:
    path = folder / SOCKET_NAME
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.bind(str(path))
        except OSError:
            return False
    path.unlink()
    return True
