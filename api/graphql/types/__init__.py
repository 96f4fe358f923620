"""Object types of the schema.

A module imports those below it: the organization's type lies above credits, and the member's above the organization's.
"""

# Makes the domain's enums parts of the schema before a type has one.
import api.graphql.enums  # noqa: F401
