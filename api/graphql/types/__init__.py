"""The things of the programme, as clients see them."""

# The words are enums of the schema from here on, whichever of the types is imported first.
import api.graphql.enums  # noqa: F401
