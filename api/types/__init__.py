"""The things of the programme, as clients see them."""
