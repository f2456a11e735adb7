"""How hard to try: the same few examples in every run of the suite, ever others in ``make fuzz``.

``FUZZ_TIMES=n`` tries n times as many examples, from a seed of chance (``--hypothesis-seed`` names
one), and prints what repeats a failure.
"""

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("FUZZ_TIMES", "0"))


def effort(examples: int) -> settings:
    """``examples`` of them in the suite."""
    return settings(
        max_examples=examples * max(TIMES, 1),
        derandomize=TIMES == 0,
        database=None,
        print_blob=True,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
        ],
    )
