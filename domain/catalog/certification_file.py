"""What does the catalog's file of levels and certifications say?"""

from collections.abc import Collection, Mapping

from domain.catalog.entries import Entry
from domain.rules.certifications import CertificationFacts, LevelFacts
from domain.rules.enums import CertificationLevel, LearningProvider, RetirementRule


def levels_of(file: Entry) -> Mapping[CertificationLevel, LevelFacts]:
    """Return every level.

    Raises:
        InvalidCatalog: one is missing or wrong.
    """
    found = {}
    for level in CertificationLevel:
        entry = file.entry("level").entry(level.value.lower())
        entry.check_keys("valid_months", "renewal_opens_months", "renewal_extends_months")
        if entry.keys and len(entry.keys) < 3:
            raise entry.wrong("says either all of a renewal or nothing")
        numbers = {key: entry.number(key) for key in entry.keys}
        found[level] = LevelFacts(level=level, **numbers)
    return found


def certifications_of(file: Entry) -> Mapping[str, CertificationFacts]:
    """Return every certification by its code.

    Raises:
        InvalidCatalog: one is wrong.
    """
    file.check_keys("level", "certification")
    codes = file.entry("certification").keys
    return {entry.name: _facts(entry, codes) for entry in file.entries("certification")}


def _facts(entry: Entry, codes: Collection[str]) -> CertificationFacts:
    entry.check_keys("title", "level", "provider", "retires_on", "retirement", "eligible_until", "after_any")
    has = entry.keys
    facts = CertificationFacts(
        code=entry.name,
        title=entry.text("title"),
        level=entry.word("level", CertificationLevel),
        provider=entry.word("provider", LearningProvider, LearningProvider.MICROSOFT_LEARN),
        retires_on=entry.day("retires_on") if "retires_on" in has else None,
        retirement_rule=entry.word("retirement", RetirementRule) if "retirement" in has else None,
        eligible_until=entry.day("eligible_until") if "eligible_until" in has else None,
        after_any=entry.texts("after_any", known=codes) if "after_any" in has else (),
    )
    if (facts.retirement_rule is RetirementRule.ELIGIBLE_UNTIL) != (facts.eligible_until is not None):
        raise entry.wrong("eligible_until goes with its retirement and no other")
    if facts.retirement_rule is not None and facts.retires_on is None:
        raise entry.wrong("a retirement needs retires_on")
    return facts
