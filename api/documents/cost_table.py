"""Weights of fields, and lengths of lists without a page size.

A point is what one more object of a list costs us: about 25 microseconds where this was measured, in an organization of
200 people and 2,000 credits. The weights are the ratios found there, rounded to one figure.
"""

from collections.abc import Mapping

# What a page costs beside its items, also where a list's pages are read together.
CONNECTION_WEIGHT = 10
# A mutation is a transaction.
MUTATION_WEIGHT = 60
TOTAL_COUNT_WEIGHT = 10
# A file of the whole report, however many rows it has.
EXPORT_COST = 4_000

# What a field costs beside its objects, by ``Type.field``; a scoring costs more by an organization's credits
# (``api/limits/charge.py``).
WEIGHTS: Mapping[str, int] = {
    "AssociationAllowance.knownAccounts": 20,
    "CreditEvent.credit": 10,
    "Member.associationAllowance": 20,
    "Mutation.inviteMembers": 300,
    "Organization.attainments": 100,
    "Organization.creditStatus": 80,
    "Organization.credits": 50,
    "Organization.forecast": 200,
    "Organization.fragility": 1_000,
    "Organization.skillsReport": 100,
    "SkillsReportConnection.totalCount": 50,
}

# What is computed once for all the objects of a list, however many they are, or once for an object by itself.
WEIGHTS_OF_LISTS: Mapping[str, int] = {
    "Credit.contributions": 400,
    "CreditExplanation.reasons": 400,
    "SkillsReportRow.contributions": 400,
}

# How many objects a plain list is taken to have, by ``Type.field``.
USUAL_LENGTH = 10
LENGTHS: Mapping[str, float] = {
    "AssociationAllowance.knownAccounts": 3,
    "AssociationAttempt.steps": 5,
    "Attainment.metrics": 2,
    "Attainment.requirements": 5,
    "CreditExplanation.reasons": 4,
    "Credit.contributions": 5,
    "Credit.timeline": 6,
    "Forecast.attainments": 20,
    "Forecast.steps": 50,
    "ForecastStep.attainments": 20,
    "ForecastStep.changed": 2,
    "ForecastStep.causes": 5,
    "MembersInvited.outcomes": 100,
    "Organization.attainments": 20,
    "Program.maxima": 3,
    "Program.requirements": 5,
    "Query.programs": 40,
    "SkillsReportRow.contributions": 5,
    # Introspection: means over all types, in halves and quarters, whose products and sums are exact.
    "__Schema.directives": 8,
    "__Directive.args": 1,
    "__Field.args": 0.25,
    "__Type.enumValues": 1,
    "__Type.fields": 3,
    "__Type.inputFields": 0.25,
    "__Type.interfaces": 0.25,
    "__Type.ofType": 0.5,
    "__Type.possibleTypes": 0.5,
}

# Lists that are as long as one of the field's arguments.
LENGTHS_BY_ARGUMENT: Mapping[str, str] = {
    "Query.nodes": "ids",
}
