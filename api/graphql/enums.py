"""Register the domain's enums as enums of the schema."""

from inspect import cleandoc

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from domain.rules.enums import AttemptStatus, AttemptStep, DescribedEnum

# In the schema these stand beside other things that are attempted.
_NAMES: dict[type[DescribedEnum], str] = {AttemptStatus: "AssociationAttemptStatus", AttemptStep: "AttemptStepName"}


def first_paragraph(described: type) -> str:
    return " ".join(cleandoc(described.__doc__ or "").partition("\n\n")[0].split())


def register_enum(enum: type[DescribedEnum]) -> None:
    strawberry.enum(enum, name=_NAMES.get(enum), description=first_paragraph(enum))
    # Strawberry takes a description only from a wrapper around each value; ours stands beside the member already.
    definition: StrawberryEnumDefinition = enum.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = enum[value.name].description


for _enum in DescribedEnum.__subclasses__():
    register_enum(_enum)
