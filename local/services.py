"""Sandbox, API and worker as parts, and their settings."""

import base64
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import httpx2

from local.processes import Command
from local.supervisor import Part

# A year: moving the sandbox's clock by days must not sign people out.
SESSION_HOURS = 8760
SANDBOX_URL = "CERTLINK_SANDBOX_URL"
PROVIDERS = {"MICROSOFT_LEARN": "microsoft-learn", "PARTNER_UNIVERSITY": "partner-university"}
SECRET_BYTES = 32
# The worker listens nowhere; it logs this when it is connected.
WORKER_STARTED = "worker started"


def sandbox_settings(*, port: int, data: Path, database_url: str, redis_url: str) -> dict[str, str]:
    """Return the settings that tie the services to their engines, to each other and to the sandbox on the next port."""
    sandbox = f"http://localhost:{port + 1}"
    settings = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CERTLINK_PUBLIC_URL": f"http://localhost:{port}",
        "CERTLINK_SECRET_KEY": secret_key(data / "secret-key"),
        "CERTLINK_SANDBOX": "true",
        SANDBOX_URL: sandbox,
        "CERTLINK_SANDBOX_CLOCK": str(data / "sandbox" / "clock.json"),
        "CERTLINK_SESSION_HOURS": str(SESSION_HOURS),
    }
    for name, path in PROVIDERS.items():
        settings |= {
            f"CERTLINK_{name}_ISSUER": f"{sandbox}/{path}",
            f"CERTLINK_{name}_CLIENT_ID": "certlink",
            f"CERTLINK_{name}_CLIENT_SECRET": "sandbox-secret",
            f"CERTLINK_{name}_TRANSCRIPT_URL": f"{sandbox}/{path}/transcript",
        }
    return settings


def sandbox_url() -> str:
    """Return the sandbox's address, which is no setting of the product."""
    return os.environ.get(SANDBOX_URL, "http://localhost:8001").rstrip("/")


def secret_key(path: Path) -> str:
    """Return the key that seals secrets at rest; it is made once and kept in a file."""
    if not path.exists():
        # Written beside and renamed: half a key would make what is sealed unreadable for ever.
        half = path.with_suffix(".half")
        half.unlink(missing_ok=True)
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)))
            os.fsync(file.fileno())
        half.rename(path)
    return path.read_text().strip()


def services(*, port: int, data: Path, environment: Mapping[str, str]) -> list[Part]:
    """Return the sandbox, the API and the worker, in the order of their start."""
    sandbox = ("sandbox", "--port", str(port + 1), "--data", str(data / "sandbox"))
    return [
        Part(
            name="sandbox",
            command=_python(sandbox, environment),
            ready=_answers(f"http://localhost:{port + 1}/healthz"),
        ),
        Part(
            name="api",
            command=_python(("local.serve", str(port)), environment),
            ready=_answers(f"http://localhost:{port}/readyz"),
        ),
        Part(name="worker", command=_python(("certlink", "work"), environment), ready_line=WORKER_STARTED),
    ]


def _answers(address: str) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        # Proxies of the environment must not come between two processes of one machine.
        async with httpx2.AsyncClient(trust_env=False) as client:
            try:
                return bool((await client.get(address)).status_code == httpx2.codes.OK)
            except httpx2.HTTPError:
                return False

    return ready


def _python(module: tuple[str, ...], environment: Mapping[str, str]) -> Command:
    # -P: a folder of the same name in the present folder must not be taken for ours.
    return Command((sys.executable, "-P", "-m", *module), environment)
