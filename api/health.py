"""Liveness and readiness of the process."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.queries.readiness import readiness

NOT_CACHED = {"Cache-Control": "no-store"}


async def healthz(request: Request) -> Response:
    # Asks nothing that the process depends on: restarting it does not bring its database back.
    return JSONResponse({"status": "alive"}, headers=NOT_CACHED)


async def readyz(request: Request) -> Response:
    missing = await readiness()
    status = "not ready" if missing else "ready"
    return JSONResponse({"status": status, "missing": missing}, status_code=503 if missing else 200, headers=NOT_CACHED)


HEALTH_ROUTES = (Route("/healthz", healthz), Route("/readyz", readyz))
