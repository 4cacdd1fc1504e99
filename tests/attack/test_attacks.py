"""A short sample of the generated attacks; ``run.py`` has as many as one likes."""

from collections import Counter

import pytest
from attacks import ATTACKS
from run import attack

INPUTS = 25
NO_FAULT = (None, "refused")


@pytest.mark.parametrize("kind", ATTACKS)
def test_nothing_falls(kind):
    outcomes = {seed: attack(kind, seed) for seed in range(INPUTS)}
    fell = {seed: said for seed, said in outcomes.items() if said not in NO_FAULT}
    assert not fell
    # An attack that is refused every time attacks nothing.
    assert Counter(outcomes.values())[None] >= INPUTS // 4
