"""The mapping of rows to GraphQL types."""

from dataclasses import dataclass
from datetime import datetime

import pytest
import strawberry

from api.graphql.types.from_row import from_row


@strawberry.type
class Exam:
    row_id: strawberry.Private[int]
    code: str
    passed_at: datetime | None
    is_passed: bool

    @strawberry.field
    def title(self) -> str:
        return self.code.title()


@dataclass
class Row:
    row_id: int
    code: str
    passed_at: datetime | None

    @property
    def is_passed(self) -> bool:
        return self.passed_at is not None


@dataclass
class RowWithoutPassing:
    row_id: int
    code: str


@dataclass
class RowWithANullableCode(RowWithoutPassing):
    code: str | None  # type: ignore[assignment]
    passed_at: datetime | None
    is_passed: bool


def test_values_of_the_same_name_are_the_row_s_and_given_ones_are_not() -> None:
    exam = from_row(Exam, Row(row_id=7, code="AZ-104", passed_at=None), row_id=8)

    assert (exam.row_id, exam.code, exam.passed_at, exam.is_passed) == (8, "AZ-104", None, False)


def test_a_row_without_a_value_that_is_not_given_is_a_fault() -> None:
    with pytest.raises(TypeError, match="RowWithoutPassing has no fitting passed_at, is_passed for Exam"):
        from_row(Exam, RowWithoutPassing(row_id=7, code="AZ-104"))


def test_a_value_that_may_be_null_does_not_fit_a_field_that_may_not() -> None:
    row = RowWithANullableCode(row_id=7, code="AZ-104", passed_at=None, is_passed=False)

    with pytest.raises(TypeError, match="RowWithANullableCode has no fitting code for Exam"):
        from_row(Exam, row)


def test_a_row_s_value_fits_a_field_that_may_be_null() -> None:
    @dataclass
    class PassedRow(RowWithoutPassing):
        passed_at: datetime
        is_passed: bool

    passed_at = datetime.fromisoformat("2026-11-03T14:30:00+00:00")

    exam = from_row(Exam, PassedRow(row_id=7, code="AZ-104", passed_at=passed_at, is_passed=True))

    assert exam.passed_at == passed_at
