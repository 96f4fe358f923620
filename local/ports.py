"""Check that ports are free."""

import errno
import socket

from certlink.readiness import NotReady

HIGHEST_PORT = 65_535
LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
PROBLEMS = {
    errno.EADDRINUSE: "is occupied: stop what listens there, or choose another",
    errno.EACCES: "needs more rights than we have: choose one above 1023",
}


def check_ports_free(*ports: int) -> None:
    """Check that nobody listens on any of the ports, by either protocol of `localhost`.

    Raises:
        NotReady: a port is occupied, needs more rights or does not exist.
    """
    for port in ports:
        if not 0 < port <= HIGHEST_PORT:
            raise NotReady(f"port {port} does not exist: choose one between 1 and {HIGHEST_PORT - 1} by --port")
        for family, address in LOOPBACKS:
            try:
                with socket.socket(family, socket.SOCK_STREAM) as probe:
                    # What was closed a moment ago does not count as occupied.
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind((address, port))
                    probe.listen(1)
            except OSError as error:
                # All else is no reason: the machine may lack IPv6, and then nobody can listen there either.
                if error.errno in PROBLEMS:
                    raise NotReady(f"port {port} {PROBLEMS[error.errno]} by --port") from None
