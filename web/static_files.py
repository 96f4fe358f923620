"""Serve static files under their digest."""

import hashlib
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FILES = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
_DIGEST = hashlib.sha256(b"".join(name.encode() + content for name, content in _FILES.items())).hexdigest()[:12]


def static_path(name: str) -> str:
    """Return the path of a file, which holds a digest of all files."""
    # So browsers keep them for a year and still see a new release at once.
    if name not in _FILES:
        raise LookupError(name)
    return f"/static/{_DIGEST}/{name}"


async def show_static_file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _FILES:
        raise HTTPException(404)
    # During an upgrade a page of the other release gets this one's file, and must not keep it under that digest.
    is_current = request.path_params["digest"] == _DIGEST
    return Response(
        _FILES[name],
        headers={
            "Cache-Control": "public, max-age=31536000, immutable" if is_current else "no-store",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "Content-Type": _TYPES[Path(name).suffix],
            "X-Content-Type-Options": "nosniff",
        },
    )
