"""Time hostile documents beside the usual introspection query.

``python -m bench.refusals [--worst 15]`` reads every hostile document as if it were new, and prints what each costs: as
a ratio to a control, which is reading the usual introspection query as if it were new, in the same run. Times are the
least of several rounds, of this process alone. Read the ratio: the milliseconds say nothing about another machine.
"""

import argparse
import gc
import sys
import time
from collections.abc import Callable
from functools import partial

from graphql import get_introspection_query

from api.documents.reading import Document, outcome_of
from api.graphql.schema import schema
from bench.hostile_documents import documents

SCHEMA = schema._schema
ROUNDS = 7


def main(worst: int) -> None:
    """Measure, and print a line for each of the worst documents."""
    introspection = get_introspection_query(input_value_deprecation=True, specified_by_url=True)
    control = least_seconds(partial(outcome_of, SCHEMA, introspection))
    found = {name: least_seconds(partial(outcome_of, SCHEMA, text)) for name, text in documents().items()}
    sys.stdout.write(f"control: the usual introspection query, {control * 1000:.1f} ms\n")
    for name, seconds in sorted(found.items(), key=lambda item: -item[1])[:worst]:
        became = _became(documents()[name])
        sys.stdout.write(f"{seconds / control:6.1f} x  {seconds * 1000:6.1f} ms  {became:24} {name}\n")


def least_seconds(work: Callable[[], object]) -> float:
    """Return the processor's time of the quickest of several rounds."""
    times = []
    for _ in range(ROUNDS):
        gc.collect()
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def _became(text: str) -> str:
    outcome = outcome_of(SCHEMA, text)
    return "accepted" if isinstance(outcome, Document) else outcome.code.value


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worst", type=int, default=15)
    main(parser.parse_args().worst)
