"""Write a file whole or not at all."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

STANDARD_OUTPUT = "-"


class NotWritten(Exception):
    """The file could not be written; the message is one line."""


@contextmanager
def atomic_file(target: str) -> Iterator[BinaryIO]:
    """Yield a file that takes its place when the block has ended well; ``-`` is the standard output.

    Raises:
        NotWritten: the file cannot be written.
    """
    if target == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    if path.is_dir():
        raise NotWritten(f"{target} is a folder")
    with _not_written(target):
        # Beside the target, where renaming is one step. Only its owner can read it: it holds what only admins may see.
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            with _not_written(target):
                file.flush()
                # Else a power cut after the renaming could leave an empty file under the name.
                os.fsync(file.fileno())
        with _not_written(target):
            Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def write(file: BinaryIO, chunk: bytes, target: str) -> None:
    """Write a chunk.

    Raises:
        NotWritten: the disk is full, or the reader of the standard output has gone.
    """
    with _not_written(target):
        file.write(chunk)


@contextmanager
def _not_written(target: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotWritten(f"{target} cannot be written: {error.strerror or error}") from error
