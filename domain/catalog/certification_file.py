"""Pydantic models of the catalog's file of levels and certifications."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from domain.catalog.tables import Code, Count, Day, Distinct, LowerCase, Table, Text
from domain.rules.certifications import CertificationFacts, LevelFacts
from domain.rules.enums import CertificationLevel, LearningProvider, RetirementRule


class LevelTable(Table):
    """How long a level's certifications are valid and when their renewal opens."""

    valid_months: Count | None = None
    renewal_opens_months: Count | None = None
    renewal_extends_months: Count | None = None

    @model_validator(mode="after")
    def _check_renewal(self) -> Self:
        if self.model_fields_set and len(self.model_fields_set) < 3:
            raise ValueError("says either all of a renewal or nothing")
        return self


class CertificationTable(Table):
    """One certification, with the fields of ``CertificationFacts``."""

    title: Text
    level: Annotated[CertificationLevel, LowerCase()]
    provider: Annotated[LearningProvider, LowerCase()] = LearningProvider.MICROSOFT_LEARN
    retires_on: Day | None = None
    retirement_rule: Annotated[RetirementRule, LowerCase()] | None = Field(None, alias="retirement")
    eligible_until: Day | None = None
    after_any: Distinct[Code] = Field([])

    @model_validator(mode="after")
    def _check_retirement(self) -> Self:
        if (self.retirement_rule is RetirementRule.ELIGIBLE_UNTIL) != (self.eligible_until is not None):
            raise ValueError("eligible_until goes with its retirement and no other")
        if self.retirement_rule is not None and self.retires_on is None:
            raise ValueError("a retirement needs retires_on")
        return self


class CertificationFile(Table):
    level: dict[Annotated[CertificationLevel, LowerCase()], LevelTable]
    certification: dict[str, CertificationTable] = Field({})

    @field_validator("level")
    @classmethod
    def _check_levels(cls, levels: dict[CertificationLevel, LevelTable]) -> dict[CertificationLevel, LevelTable]:
        if missing := [level.value.lower() for level in CertificationLevel if level not in levels]:
            raise ValueError(f"lacks {', '.join(missing)}")
        return levels

    def levels(self) -> Mapping[CertificationLevel, LevelFacts]:
        return {level: LevelFacts(level=level, **dict(table)) for level, table in self.level.items()}

    def certifications(self) -> Mapping[str, CertificationFacts]:
        return {
            code: CertificationFacts(code=code, **{**dict(table), "after_any": tuple(table.after_any)})
            for code, table in self.certification.items()
        }
