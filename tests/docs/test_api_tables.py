"""The tables of docs/api.md, compared with the code."""

import re
from pathlib import Path

from graphql import GraphQLEnumType, GraphQLObjectType

from api.auth.authentication import MAX_TOKEN_LENGTH
from api.documents.cost_table import (
    CONNECTION_WEIGHT,
    EXPORT_COST,
    MUTATION_WEIGHT,
    TOTAL_COUNT_WEIGHT,
    WEIGHTS,
    WEIGHTS_OF_LISTS,
)
from api.documents.reading import MAX_ERRORS, MAX_LENGTH, MAX_TOKENS
from api.documents.visitor import LIMITS
from api.errors import ErrorCode
from api.graphql.query import MAX_NODES
from api.graphql.refusals import TYPES, RefusalCode
from api.graphql.schema import schema
from api.limits.charge import (
    CHARACTERS_READ_FOR_A_POINT,
    CREDITS_READ_FOR_A_POINT,
    CREDITS_SCORED_FOR_A_POINT,
    FORECAST_DAY_COST,
    MAX_PART_COST,
)
from api.limits.scoring_slots import SCORINGS_AT_ONCE
from api.transport.admission import REFUSED_COST
from api.transport.execute import DEADLINE_SECONDS
from api.transport.http.accept import GRAPHQL_RESPONSE, JSON
from api.transport.http.endpoint import graphql_status
from api.transport.json_body import MAX_NESTING, MAX_VALUES
from api.transport.request import MAX_BODY_BYTES
from api.transport.websocket.connection import (
    INITIALIZATION_SECONDS,
    MAX_CONNECTIONS_OF_ADDRESS,
    MAX_CONNECTIONS_OF_CALLER,
    MAX_MESSAGES,
    MESSAGES_SECONDS,
)
from api.transport.websocket.messages import CloseCode
from api.transport.websocket.operations import MAX_OPERATIONS, MAX_OPERATIONS_OF_CALLER
from domain.database.pagination import MAX_SIZE
from domain.operations.invitations import MAX_AT_ONCE
from domain.queries.attainments import AttainmentsAt, ForecastUntil, FragilityAt
from domain.rules.api_clients import MAX_CLIENTS
from domain.rules.enums import Scope
from domain.rules.idempotency import KEY_LIFETIME, MAX_KEY_LENGTH
from domain.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
DEFAULTS = {name: field.default for name, field in Settings.model_fields.items()}
# The server's library closes with these: text that is not UTF-8, no answer to a ping, the process stops.
BY_THE_LIBRARY = {1007, 1011, 1012}


def test_every_code_is_in_the_table_once_with_its_status_and_its_type() -> None:
    types = {refusal.code: kind.__name__ for refusal, kind in TYPES.items()}
    refusals = schema._schema.type_map["RefusalCode"]
    assert isinstance(refusals, GraphQLEnumType)

    rows = table("code", "status", "type", "what it says")

    assert len(rows) == len({row[0] for row in rows})
    assert {(row[0], row[1]) for row in rows} == {
        *((f"`{code}`", _status(code)) for code in ErrorCode),
        *((f"`{code}`", "200") for code in RefusalCode if str(code) not in list(ErrorCode)),
    }
    assert {(row[0], row[2]) for row in rows if row[2]} == {(f"`{code}`", f"`{types[code]}`") for code in RefusalCode}
    assert {row[0]: row[3] for row in rows if row[2]} == {
        f"`{name}`": value.description for name, value in refusals.values.items()
    }


def test_every_close_code_is_in_the_table() -> None:
    rows = table("code", "when", "connect again?")

    assert [int(row[0]) for row in rows] == sorted({*CloseCode, *BY_THE_LIBRARY})


def test_every_scope_is_in_the_table_with_all_that_it_opens() -> None:
    opened = {scope.name: set[str]() for scope in Scope}
    for kind in schema._schema.type_map.values():
        for name, field in kind.fields.items() if isinstance(kind, GraphQLObjectType) else ():
            for scope in re.findall(r"the scope ([A-Z_]+)", field.description or ""):
                opened[scope].add(f"{kind.name}.{name}")

    rows = table("scope", "in GraphQL", "opens")

    assert [(row[0], row[1]) for row in rows] == [(f"`{scope}`", f"`{scope.name}`") for scope in Scope]
    assert {row[1].strip("`"): set(re.findall(r"`(\w+\.\w+)`", row[2])) for row in rows} == opened


def test_every_limit_is_the_code_s() -> None:
    rows = table("at most", "", "else")

    assert {row[0]: row[1] for row in rows} == {
        "a request's body, or a websocket's message": f"{MAX_BODY_BYTES // 1024} kB",
        "nesting of the request's JSON": f"{MAX_NESTING} levels",
        "values in the request's JSON": f"{MAX_VALUES:,}",
        "a bearer token or key": f"{MAX_TOKEN_LENGTH:,} characters",
        "a document": f"{MAX_LENGTH:,} characters",
        "its tokens": f"{MAX_TOKENS:,}",
        "its operations": f"{LIMITS.operations}",
        "definitions and selections written in it": f"{LIMITS.written}",
        "levels of nesting": f"{LIMITS.depth}",
        "fields, each fragment counted where it is used": f"{LIMITS.fields}",
        "aliases": f"{LIMITS.aliases}",
        "fragments, inline ones included": f"{LIMITS.fragments}",
        "directives": f"{LIMITS.directives}",
        "fields at the root": f"{LIMITS.root_fields}",
        "errors told of a document that does not fit": f"{MAX_ERRORS}",
        "an operation's cost": f"{DEFAULTS['max_cost']:,} points",
        "a caller's points": f"{DEFAULTS['rate_limit']:,} in a minute",
        "points of all callers of an organization": f"{DEFAULTS['organization_rate_limit']:,} in a minute",
        "execution, waiting for a scoring's turn included": f"{DEADLINE_SECONDS:.0f} seconds",
        "scorings of an organization at work at a time": "1",
        "scorings at work at a time in each process": f"{SCORINGS_AT_ONCE}",
        "a page": f"{MAX_SIZE} items",
        "ids of `nodes`": f"{MAX_NODES}",
        "people of one `inviteMembers`": f"{MAX_AT_ONCE}",
        "an idempotency key": f"{MAX_KEY_LENGTH} characters",
        "how long it holds": f"{KEY_LIFETIME.total_seconds() / 3600:.0f} hours",
        "API clients of an organization, without revoked ones": f"{MAX_CLIENTS}",
        "websockets of a caller": f"{MAX_CONNECTIONS_OF_CALLER}",
        "websockets of an address, before anybody signs in": f"{MAX_CONNECTIONS_OF_ADDRESS}",
        "operations at a time over a websocket": f"{MAX_OPERATIONS}",
        "operations at a time of a caller": f"{MAX_OPERATIONS_OF_CALLER}",
        "a websocket's messages": f"{MAX_MESSAGES:,} in {MESSAGES_SECONDS:.0f} seconds",
        "the time until a websocket's first message": f"{INITIALIZATION_SECONDS:.0f} seconds",
    }


def test_every_weight_is_the_code_s() -> None:
    rows = table("what", "points")

    assert {row[0]: row[1] for row in rows} == {
        "an object that the answer can hold": "1",
        "a page, beside its objects": f"{CONNECTION_WEIGHT}",
        "a page's `totalCount`": f"{TOTAL_COUNT_WEIGHT}",
        "a mutation": f"{MUTATION_WEIGHT}",
        "a request that is refused": f"{REFUSED_COST}",
        "an [export](exports.md)": f"{EXPORT_COST:,}",
        **{f"`{place}`": f"{weight:,}" for place, weight in WEIGHTS.items()},
        **{f"`{place}`, once for a list": f"{weight:,}" for place, weight in WEIGHTS_OF_LISTS.items()},
    }
    assert f"1 point more for every {CHARACTERS_READ_FOR_A_POINT} characters" in PAGE


def test_every_price_of_a_scoring_is_the_code_s() -> None:
    rows = table("what is scored", "points")

    by_credits = {kind: f"1 for {credits} credits" for kind, credits in CREDITS_SCORED_FOR_A_POINT.items()}
    assert {row[0]: row[1] for row in rows} == {
        "reading the credits, once for an operation": f"1 for {CREDITS_READ_FOR_A_POINT} credits",
        "attainments, once for each instant": by_credits[AttainmentsAt],
        "a forecast": (
            f"{by_credits[ForecastUntil]}, and {FORECAST_DAY_COST} for each day on which a credit begins or ends"
        ),
        "fragility, once for each instant": by_credits[FragilityAt],
    }
    assert f"Each line costs {MAX_PART_COST:,} points at most" in PAGE


def table(*heads: str) -> list[list[str]]:
    """Return the rows of the page's only table with these heads."""
    lines = PAGE.splitlines()
    (start,) = (number for number, line in enumerate(lines) if _cells(line) == list(heads))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(_cells(line))
    return rows


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def _status(code: ErrorCode) -> str:
    statuses = [graphql_status(code, media_type=media_type) for media_type in (JSON, GRAPHQL_RESPONSE)]
    return ", ".join(str(status) for status in dict.fromkeys(statuses))
