"""How are a word and a reference stored?"""

from enum import StrEnum
from typing import Any, Literal, TypeVar, overload

from tortoise import fields

Word = TypeVar("Word", bound=StrEnum)


@overload
def word(kind: type[Word], *, null: Literal[False] = False) -> Word: ...
@overload
def word(kind: type[Word], *, null: Literal[True]) -> Word | None: ...
def word(kind: type[StrEnum], *, null: bool = False) -> Any:
    """Return a column for one of the programme's words; a new word changes no migration."""
    return fields.CharEnumField(kind, max_length=40, null=null, description=kind.__name__)


def parent(model: str, children: str, *, null: bool = False) -> Any:
    """Return a reference to the row that this one belongs to, which cannot be deleted before it."""
    parent = f"domain.{model}"
    if null:
        return fields.ForeignKeyField(parent, related_name=children, on_delete=fields.RESTRICT, null=True)
    return fields.ForeignKeyField(parent, related_name=children, on_delete=fields.RESTRICT)
