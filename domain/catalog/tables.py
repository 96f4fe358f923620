"""Base model and value types of the catalog's TOML tables."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

Item = TypeVar("Item", bound=str)

_PROBLEMS = {
    "missing": "is missing",
    "model_type": "must be a table",
    "dict_type": "must be a table",
    "list_type": "must be a list",
    "too_short": "must be a list of texts, at least one",
}


class Table(BaseModel):
    """A table without unknown keys, whose faults are in plain words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _explain_faults(cls, value: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(value)
        except ValidationError as error:
            faults = error.errors()
        # Here and not once at the end, because a fault does not say which keys its table knows.
        known = ", ".join(field.alias or name for name, field in cls.model_fields.items())
        problems = {**_PROBLEMS, "extra_forbidden": f"means nothing; known are {known}"}
        explained: list[InitErrorDetails] = []
        for fault in faults:
            problem = problems.get(fault["type"], fault["msg"].removeprefix("Value error, "))
            explained.append(
                {"type": PydanticCustomError("explained", problem), "loc": fault["loc"], "input": fault["input"]}
            )
        raise ValidationError.from_exception_data(cls.__name__, explained)


@dataclass(frozen=True)
class Explained:
    """Annotation of a type that has one message, whatever is wrong with its value."""

    message: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.custom_error_schema(handler(source), "explained", custom_error_message=self.message)


class LowerCase:
    """Annotation of an enum whose members are written in small letters."""

    def __get_pydantic_core_schema__(self, source: type[StrEnum], handler: GetCoreSchemaHandler) -> CoreSchema:
        members = {member.value.lower(): member for member in source}
        schema = core_schema.no_info_after_validator_function(
            members.__getitem__, core_schema.literal_schema([*members])
        )
        message = f"must be one of {', '.join(members)}"
        return core_schema.custom_error_schema(schema, "explained", custom_error_message=message)


def known_in(kind: str, problem: str) -> AfterValidator:
    """Return a check that the validation's context, if it has one, knows a name."""

    def check(name: str, info: ValidationInfo) -> str:
        if info.context is not None and name not in info.context[kind]:
            raise ValueError(problem.format(name))
        return name

    return AfterValidator(check)


def _distinct(texts: list[str]) -> list[str]:
    if len(set(texts)) < len(texts):
        raise ValueError("says one thing twice")
    return texts


Text = Annotated[str, Field(pattern=r"\S"), Explained("must be a text")]
Count = Annotated[int, Field(ge=1), Explained("must be a whole number, at least 1")]
Day = Annotated[date, Explained("must be a date")]
Distinct = Annotated[list[Item], Field(min_length=1), AfterValidator(_distinct)]
Code = Annotated[Text, known_in("certifications", "the catalog knows no {}")]
