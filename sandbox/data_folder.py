"""Read and write the sandbox's files, each whole or not at all."""

import json
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sandbox.refusals import DataFolderUnusable


def open_data_folder(data: Path, *, now: datetime) -> date:
    """Make the data folder if it is missing, and return the day (UTC) on which it was created.

    Raises:
        DataFolderUnusable: it cannot be made, read or written.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataFolderUnusable(f"The sandbox's data folder cannot be made: {data} ({error.strerror}).") from None
    file = data / "created.json"
    kept = read_json(file)
    if kept is None:
        write_json(file, {"created_date": now.date().isoformat()})
        return now.date()
    try:
        return date.fromisoformat(kept["created_date"])
    except (KeyError, TypeError, ValueError):
        raise unreadable(file) from None


def read_json(file: Path) -> Any:
    """Read a JSON file, or return None if there is none.

    Raises:
        DataFolderUnusable: it cannot be read.
    """
    try:
        return json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        raise unreadable(file) from None


def write_json(file: Path, value: Any, *, mode: int = 0o644) -> None:
    """Replace a JSON file at once, so that a reader sees the old or the new one and never a part.

    Raises:
        DataFolderUnusable: it cannot be written.
    """
    temporary = file.with_name(f".{file.name}.{uuid4().hex}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(value, stream)
        temporary.replace(file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DataFolderUnusable(f"The sandbox cannot write {file} ({error.strerror}).") from None


def unreadable(file: Path) -> DataFolderUnusable:
    """Return the refusal for a file that is not what the sandbox wrote."""
    return DataFolderUnusable(f"The sandbox cannot read {file}: repair or remove it, or choose another data folder.")
