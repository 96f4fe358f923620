"""The GraphQL documents of pages."""

from pathlib import Path
from typing import Any

from starlette.requests import Request

from api.errors import request_id_of
from api.runtime import runtime_of
from api.transport.execute import execute_document
from domain.rules.visibility import MemberViewer

_FOLDER = Path(__file__).parent / "pages"
_TEXTS = {path.stem: path.read_text() for path in sorted(_FOLDER.glob("*.graphql"))}
_VIEWER = _TEXTS.pop("viewer")

# By name: what a page asks, or its script. The fragment is added only where it is used: GraphQL refuses unused ones.
DOCUMENTS = {name: f"{text}\n{_VIEWER}" if "...ViewerOnPage" in text else text for name, text in _TEXTS.items()}


async def ask(request: Request, name: str, *, viewer: MemberViewer, **variables: Any) -> dict[str, Any]:
    """Run a page's document with the viewer's rights and return its data.

    Raises:
        Refusal: a field was refused.
    """
    return await execute_document(
        DOCUMENTS[name], variables, viewer=viewer, runtime=runtime_of(request), request_id=request_id_of(request)
    )
