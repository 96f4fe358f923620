"""Price a scoring by the credits that it counts.

Measured as processor time of one process, with the rows of ``bench.rows`` for 100, 2,000, 20,000 and 50,000 credits, at
25 microseconds a point (``api/documents/cost_table.py``). Reading took 5 microseconds a credit. Attainments took 2
milliseconds and 0.3 microseconds a credit; a forecast 4 milliseconds, 2 microseconds a credit, and 2 milliseconds for
each day on which anything changes; fragility 12 to 30 milliseconds and 0.4 microseconds a credit. What does not grow
with the credits is the field's weight.
"""

from domain.queries.attainments import AttainmentsAt, ForecastUntil, FragilityAt, Scoring

CREDITS_READ_FOR_A_POINT = 5
CREDITS_SCORED_FOR_A_POINT: dict[type[Scoring], int] = {AttainmentsAt: 80, ForecastUntil: 12, FragilityAt: 80}
FORECAST_DAY_COST = 80
# Reading, or one scoring, costs no more: an organization of any size may ask each question by itself.
MAX_PART_COST = 4_000


def reading_cost(credits: int) -> int:
    """Return the points for reading an organization's counted credits, once for an operation."""
    return min(credits // CREDITS_READ_FOR_A_POINT, MAX_PART_COST)


def scoring_cost(scoring: Scoring, credits: int, *, days: int = 0) -> int:
    """Return the points for scoring so many credits; ``days`` of a forecast are those on which anything changes."""
    return min(credits // CREDITS_SCORED_FOR_A_POINT[type(scoring)] + days * FORECAST_DAY_COST, MAX_PART_COST)
