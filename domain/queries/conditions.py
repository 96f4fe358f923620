"""Which conditions does a list's statement have?

Only those that are asked for: with all of them in it and switched off by nulls, PostgreSQL soon settles on one plan for
any values, and that is a poor one.
"""

from collections.abc import Iterable


def where(
    always: str, arguments: Iterable[object], conditions: Iterable[tuple[str, object]]
) -> tuple[str, list[object]]:
    """Return a WHERE clause and its arguments: what always holds, and each condition whose value is not ``None``.

    A condition has ``?`` where its value belongs.
    """
    clauses, values = [always], list(arguments)
    for condition, value in conditions:
        if value is not None:
            values.append(value)
            clauses.append(condition.replace("?", f"${len(values)}"))
    return "WHERE " + " AND ".join(clauses), values
