"""Object types of the schema."""

# Makes the domain's enums parts of the schema before a type has one.
import api.graphql.enums  # noqa: F401
