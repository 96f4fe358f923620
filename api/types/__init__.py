"""The things of the programme, as clients see them."""

# The words are enums of the schema from here on, whichever of the types is imported first.
import api.program_words
import api.words  # noqa: F401
