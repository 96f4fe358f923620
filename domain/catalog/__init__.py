"""What does the catalog that ships with certlink say?"""

import tomllib
from importlib.resources import files
from typing import Any

from domain.rules.certifications import CertificationFacts
from domain.rules.words import CertificationLevel, LearningProvider, RetirementRule


class InvalidCatalog(Exception):
    """A data file of the catalog says something that cannot be; the message names the file and the entry."""


def shipped_certifications() -> list[CertificationFacts]:
    """Return every certification of the shipped catalog.

    Raises:
        InvalidCatalog: the data file is wrong.
    """
    name = "certifications.toml"
    document = tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return [_facts(name, code, entry) for code, entry in document["certification"].items()]


def _facts(file: str, code: str, entry: dict[str, Any]) -> CertificationFacts:
    known = {"title", "level", "provider", "retires_on", "retirement", "eligible_until"}
    if unknown := sorted(set(entry) - known):
        raise InvalidCatalog(f"{file}: certification {code}: unknown {', '.join(unknown)}")
    try:
        facts = CertificationFacts(
            code=code,
            title=entry["title"],
            level=CertificationLevel(entry["level"].upper()),
            provider=LearningProvider(entry.get("provider", "microsoft_learn").upper()),
            retires_on=entry.get("retires_on"),
            retirement_rule=RetirementRule(entry["retirement"].upper()) if "retirement" in entry else None,
            eligible_until=entry.get("eligible_until"),
        )
    except (KeyError, ValueError) as error:
        raise InvalidCatalog(f"{file}: certification {code}: {error}") from error
    if (facts.retirement_rule is RetirementRule.ELIGIBLE_UNTIL) != (facts.eligible_until is not None):
        raise InvalidCatalog(f"{file}: certification {code}: eligible_until goes with its retirement and no other")
    return facts
