"""The schema is committed, described, and says no in one way."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
)

from api.graphql.refusals import TYPES
from api.graphql.schema import schema, sdl
from domain.errors import Refusal
from domain.operations.attempts import ConfirmationNeeded
from domain.rules.directory import DirectoryUserChanged, DirectoryUserExists
from domain.rules.editions import EditionInForce
from domain.rules.identity import AddressMissing, AddressNotOfOrganization, AddressNotVerified
from domain.rules.sign_in import AccountReplaced, NoIssuer, NotAMember, SignInExpired, SignInNotKnown

GRAPHQL = schema._schema
NAMED = [kind for name, kind in sorted(GRAPHQL.type_map.items()) if not name.startswith("__")]
OWN = [kind for kind in NAMED if kind.name not in {"Boolean", "Float", "ID", "Int", "String"}]


def test_the_committed_schema_is_the_code_s() -> None:
    committed = Path(__file__).parents[2] / "schema.graphql"

    assert committed.read_text() == sdl(), "write it anew: python -m api.graphql.schema > schema.graphql"


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.name)
def test_everything_is_described(kind: GraphQLNamedType) -> None:
    assert kind.description
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for field in kind.fields.values():
            assert field.description
            assert all(argument.description for argument in field.args.values())
    if isinstance(kind, GraphQLInputObjectType):
        assert all(field.description for field in kind.fields.values())
    if isinstance(kind, GraphQLEnumType):
        assert all(value.description for value in kind.values.values())


def test_root_fields_of_queries_and_mutations_are_nullable_so_that_one_fault_costs_one_field() -> None:
    roots = [GRAPHQL.query_type, GRAPHQL.mutation_type]

    assert [
        name for root in roots if root for name, field in root.fields.items() if str(field.type).endswith("!")
    ] == []


def test_no_argument_claims_a_default_of_null() -> None:
    assert "= null" not in sdl()


def test_every_refusal_has_a_code_of_its_own_and_is_a_type_unless_only_browsers_and_the_command_line_meet_it() -> None:
    refusals = Refusal.__subclasses__()
    elsewhere = {
        *(AddressMissing, AddressNotVerified, AddressNotOfOrganization, AccountReplaced),
        *(DirectoryUserChanged, DirectoryUserExists, NoIssuer),
        *(SignInExpired, SignInNotKnown, NotAMember, ConfirmationNeeded, EditionInForce),
    }

    assert set(refusals) - elsewhere == set(TYPES)
    assert len({refusal.code for refusal in refusals}) == len(refusals)
    assert {kind.__name__ for kind in TYPES.values()} == {refusal.__name__ for refusal in TYPES}


@pytest.mark.parametrize("union", [kind for kind in NAMED if isinstance(kind, GraphQLUnionType)], ids=str)
def test_a_result_is_one_success_or_a_refusal(union: GraphQLUnionType) -> None:
    refusals = [kind for kind in union.types if "Refusal" in {interface.name for interface in kind.interfaces}]

    assert len(union.types) == len(refusals) + 1
    assert {"Forbidden", "IdempotencyKeyReused", "InvalidInput", "TryAgain"} <= {kind.name for kind in refusals}


def test_every_mutation_can_be_asked_once_by_a_key() -> None:
    assert GRAPHQL.mutation_type is not None
    inputs = {
        name: get_named_type(field.args["input"].type).fields for name, field in GRAPHQL.mutation_type.fields.items()
    }

    assert [name for name, fields in inputs.items() if str(fields["idempotencyKey"].type) != "String"] == []


def test_nothing_wraps_the_fields_of_a_credit() -> None:
    credit = GRAPHQL.type_map["Credit"]

    assert isinstance(credit, GraphQLObjectType)
    assert [name for name, field in credit.fields.items() if not getattr(field.resolve, "_is_default", True)] == []
