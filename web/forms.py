"""Read forms and query parameters."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from api.auth.csrf import is_same_origin
from api.runtime import runtime_of
from domain.errors import Forbidden, InvalidInput

MAX_FORM_BYTES = 16_384
MAX_FIELDS = 20
MAX_VALUE_LENGTH = 4_096


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form of our own pages.

    Raises:
        Forbidden: another site sent it.
        InvalidInput: it is no form, too large or garbled.
    """
    if not is_same_origin(request, runtime_of(request).settings):
        raise Forbidden("This form was sent from another site. Nothing was changed. Please use the page itself.")
    body = await _body(request)
    if not body:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise InvalidInput("This is not a form of this site.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise InvalidInput("The form could not be read.") from None
    return {name: _checked(value) for name, value in pairs}


def read_query(request: Request, name: str) -> str | None:
    """Return a parameter of the address.

    Raises:
        InvalidInput: it is too long or holds control characters.
    """
    value = request.query_params.get(name)
    return None if value is None else _checked(value)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise InvalidInput("The form is too large.")
    return bytes(body)


def _checked(value: str) -> str:
    if len(value) > MAX_VALUE_LENGTH or not value.isprintable():
        raise InvalidInput("The form or address holds characters that it cannot hold.")
    return value
