"""Read forms and query parameters."""

from collections.abc import AsyncGenerator

from python_multipart.exceptions import FormParserError
from starlette.formparsers import FormParser, MultiPartException
from starlette.requests import Request

from api.auth.csrf import is_same_origin
from api.runtime import runtime_of
from domain.errors import Forbidden, InvalidInput
from domain.rules.text import is_printable

# Far above our own forms, of which none has more than five short fields.
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
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        # A form without fields, such as the sign-out, has nothing to read, and not every client sends a type with it.
        if await anext(_bounded_body(request), b""):
            raise InvalidInput("This is not a form of this site.")
        return {}
    try:
        form = await FormParser(request.headers, _bounded_body(request), max_fields=MAX_FIELDS).parse()
    except (MultiPartException, FormParserError):
        raise InvalidInput("The form could not be read.") from None
    return {name: _checked(str(value)) for name, value in form.items()}


def read_query(request: Request, name: str) -> str | None:
    """Return a parameter of the address.

    Raises:
        InvalidInput: it is sent more than once (RFC 6749, 3.1), is too long or holds control characters.
    """
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise InvalidInput("The address names a parameter twice.")
    return _checked(values[0]) if values else None


async def _bounded_body(request: Request) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_FORM_BYTES:
            raise InvalidInput("The form is too large.")
        # Browsers write a form in ASCII and escape the rest.
        if not chunk.isascii():
            raise InvalidInput("The form could not be read.")
        yield chunk


def _checked(value: str) -> str:
    # What is not UTF-8 is read as the replacement character.
    if not is_printable(value, max_length=MAX_VALUE_LENGTH) or "\ufffd" in value:
        raise InvalidInput("The form or address holds characters that it cannot hold.")
    return value
