"""Certifications of the catalog."""

from collections.abc import Collection
from datetime import date

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from domain.queries.catalog import certifications_by_code
from domain.rules.certifications import CertificationFacts
from domain.rules.enums import CertificationLevel, LearningProvider, RetirementRule


# The catalog is everybody's, so that its data loader has no scope; it has a value for every code.
async def facts_by_code(_: None, codes: Collection[str]) -> dict[str, CertificationFacts | None]:
    return dict.fromkeys(codes) | await certifications_by_code(codes)


@strawberry.type(description="Since when a certification is retired, or from when on, and what that does.")
class CertificationRetirement:
    retires_on: date = strawberry.field(description="The date on which it retires.")
    rule: RetirementRule | None = strawberry.field(description="What that does to completions; null where nothing.")
    eligible_until: date | None = strawberry.field(
        description="The date, exclusive, until which it counts for everybody; null where it has another rule."
    )


@strawberry.type(description="What can be earned and counted.")
class Certification:
    code: str = strawberry.field(description="The certification's code, such as AZ-104.")
    title: str | None = strawberry.field(description="Its title; null where the catalog does not have it.")
    level: CertificationLevel | None = strawberry.field(
        description="How deep it goes; null where the catalog does not have it."
    )

    @field("The learning provider that offers it; null where the catalog does not have it.")
    async def provider(self, info: Info) -> LearningProvider | None:
        facts = await info.context.loaders.load(facts_by_code, None, self.code)
        return facts.provider if facts else None

    @field("Its retirement; null where none is known.")
    async def retirement(self, info: Info) -> CertificationRetirement | None:
        facts = await info.context.loaders.load(facts_by_code, None, self.code)
        if facts is None or facts.retires_on is None:
            return None
        return CertificationRetirement(
            retires_on=facts.retires_on, rule=facts.retirement_rule, eligible_until=facts.eligible_until
        )
