"""How are lists of credits ordered?"""

from datetime import datetime

from domain.database.pagination import Order, Value
from domain.rules.words import CreditOrderField, OrderDirection

# SQL over the columns that every list of credits has. A person's credits stay together where names are equal.
_PERSON = "lower(coalesce(member_name, member_work_email)) || chr(9) || member_work_email"
_STATUS = """CASE WHEN counts_from IS NULL THEN 4 WHEN counts_until <= as_of THEN 3
    WHEN counts_from > as_of THEN 1 ELSE 2 END"""
_ORDERS: dict[CreditOrderField, tuple[str, type[Value], bool]] = {
    CreditOrderField.PERSON: (_PERSON, str, False),
    CreditOrderField.CERTIFICATION: ("certification", str, False),
    CreditOrderField.COMPLETED_AT: ("completed_at", datetime, False),
    CreditOrderField.COUNTS_FROM: ("counts_from", datetime, True),
    CreditOrderField.EXPIRES_AT: ("expires_at", datetime, True),
    CreditOrderField.STATUS: (_STATUS, int, False),
}


def credit_order(field: CreditOrderField, direction: OrderDirection = OrderDirection.ASCENDING) -> Order:
    """Return the order of a list of credits by a field."""
    expression, kind, nullable = _ORDERS[field]
    return Order(
        name=field.value,
        expression=f"({expression})",
        kind=kind,
        descending=direction is OrderDirection.DESCENDING,
        nullable=nullable,
    )
