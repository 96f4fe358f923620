"""The GraphQL documents of pages."""

import pytest
from graphql import parse, validate

from api.graphql.schema import schema
from web.documents import DOCUMENTS


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_pages_document_fits_the_schema(name: str) -> None:
    errors = validate(schema._schema, parse(DOCUMENTS[name]))

    assert errors == []
