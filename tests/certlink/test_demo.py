"""Does the demo tell a newcomer why it could not start?"""

import os
import subprocess
import sys
from pathlib import Path

# It can be asked for its version, and then says why it does not start.
BROKEN_REDIS = """#!/bin/sh
[ "$1" = --version ] && { echo 'Redis server v=7.2.0 sha=0'; exit 0; }
echo 'Fatal error: the memory is too small'
exit 1
"""


def test_a_part_that_does_not_start_is_told_with_its_own_last_lines(tmp_path: Path) -> None:
    redis = tmp_path / "redis-server"
    redis.write_text(BROKEN_REDIS)
    redis.chmod(0o755)

    told = subprocess.run(
        [sys.executable, "-m", "certlink", "demo"],
        env={**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert told.returncode == 1
    assert (
        "redis did not start in 3 attempts; its last words:\n    Fatal error: the memory is too small\n" in told.stdout
    )
