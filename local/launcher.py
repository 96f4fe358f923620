"""Drop privileges, tie to the parent's life, become the program."""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
CANNOT_RUN = 126


# Run as a file: `python -I -S launcher.py SIGNAL PARENT USER GROUP program argument...`. Popen's own way, its
# `preexec_fn`, can hang beside threads.
def launch(arguments: list[str]) -> None:
    """Drop to the account (`-` keeps the present one), tie to the parent by the signal, and become the program."""
    death_signal, parent, user, group, *program = arguments
    if user != "-":
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))
    os.umask(0o077)
    if sys.platform == "linux":
        # A change of account clears the tie, so it comes after the drop.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    # A parent that ended before the tie sends no signal.
    if os.getppid() != int(parent):
        sys.exit(CANNOT_RUN)
    os.execv(program[0], program)


if __name__ == "__main__":
    try:
        launch(sys.argv[1:])
    except OSError as error:
        print(f"cannot run {sys.argv[5]}: {error}", file=sys.stderr)
        sys.exit(CANNOT_RUN)
