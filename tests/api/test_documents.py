"""Documents are measured before they are validated, and read once."""

import pytest
from graphql import OperationType, get_introspection_query

from api.app import new_documents
from api.documents.reading import digest_of
from api.documents.visitor import LIMITS
from api.errors import ErrorCode, RequestError
from tests.api.conftest import DOCUMENTS

NESTED = "viewer { member { credits { nodes { member { credits { nodes { "


def refusal(text: str) -> RequestError:
    with pytest.raises(RequestError) as caught:
        DOCUMENTS.read(text)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{ " + NESTED * 4 + "id" + " }" * 28 + " }", id="depth"),
        pytest.param(
            "{ " + "".join(f"a{number}: policy {{ coolOffDays }} " for number in range(60)) + "}", id="aliases"
        ),
        pytest.param("{ " + "policy { coolOffDays } " * 21 + "}", id="fields at the root"),
        pytest.param("{ policy { " + "coolOffDays " * 600 + "} }", id="fields"),
        pytest.param("".join(f"query Q{n} {{ policy {{ coolOffDays }} }}" for n in range(21)), id="operations"),
        pytest.param("{ policy { " + "... { coolOffDays } " * 200 + "} }", id="fragments"),
        pytest.param("{ policy { coolOffDays " + "@skip(if: false) " * 60 + "} }", id="directives"),
        pytest.param("{ policy { " + "coolOffDays " * 5_000 + "} }", id="tokens"),
        pytest.param(
            "{ ...F0 } "
            + "".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }} " for n in range(60))
            + "fragment F60 on Query { policy { coolOffDays } }",
            id="fragments that double",
        ),
    ],
)
def test_a_document_beyond_a_limit_is_refused(text: str) -> None:
    refused = refusal(text)

    assert refused.code is ErrorCode.DOCUMENT_TOO_LARGE


def test_the_usual_introspection_query_is_within_the_limits() -> None:
    document = DOCUMENTS.read(
        get_introspection_query(
            descriptions=True, specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True
        )
    )

    assert document.introspects


def test_a_fragment_that_spreads_itself_is_refused_by_validation() -> None:
    refused = refusal("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }")

    assert refused.code is ErrorCode.DOCUMENT_INVALID


def test_validation_stops_after_five_errors_and_suggests_nothing() -> None:
    refused = refusal("{ " + " ".join(f"polic{number}" for number in range(15)) + " }")

    assert len(refused.errors) == 6
    assert "policy" not in " ".join(error.message for error in refused.errors)


def test_a_document_is_read_once() -> None:
    text = "query Once { policy { coolOffDays } }"

    assert DOCUMENTS.read(text) is DOCUMENTS.read(text)


def test_a_refusal_is_remembered_without_frames_and_nodes() -> None:
    text = "{ neverThere }"

    first, second = refusal(text), refusal(text)

    assert first is not second
    assert first.errors[0].__traceback__ is None
    assert first.errors[0].nodes is None
    assert first.errors[0].formatted["locations"] == [{"line": 1, "column": 3}]


def test_the_cache_forgets_what_was_asked_for_longest_ago_but_nothing_registered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.documents.reading.MAX_CACHED_LENGTH", 500)
    texts = [f"query Number{number} {{ policy {{ coolOffDays }} }}" for number in range(20)]
    documents = new_documents()
    documents.register({"of the test": texts[0]})
    for text in texts:
        documents.read(text)

    assert documents.get(digest_of(texts[0])) is documents.read(texts[0])
    assert documents.get(digest_of(texts[-1])) is documents.read(texts[-1])
    with pytest.raises(RequestError) as forgotten:
        documents.get(digest_of(texts[1]))
    assert forgotten.value.code is ErrorCode.PERSISTED_QUERY_NOT_FOUND


def test_the_kind_of_an_operation_is_known_by_its_name() -> None:
    document = DOCUMENTS.read(
        'query A { policy { coolOffDays } } subscription B { associationAttempt(id: "x") { id } }'
    )

    assert document.operation_type("A") is OperationType.QUERY
    assert document.operation_type("B") is OperationType.SUBSCRIPTION


def test_ordinary_documents_are_far_from_the_limits() -> None:
    assert LIMITS.depth >= 15
    assert LIMITS.fields >= 250
