"""Error-free transformations, against rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from sklearn_gml._linalg.doubled import two_product, two_sum


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("transform", "exact"),
    [(two_sum, lambda a, b: a + b), (two_product, lambda a, b: a * b)],
)
def test_result_and_error_add_up_exactly(transform, exact, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, 500)) * 10.0 ** rng.integers(-40, 40, (2, 500))
    high, low = transform(a, b)
    truth = [exact(Fraction(x), Fraction(y)) for x, y in zip(a, b, strict=True)]
    np.testing.assert_array_equal(high, [float(value) for value in truth])
    assert np.count_nonzero(low) > 100
    for value, h, rest in zip(truth, high, low, strict=True):
        assert Fraction(h) + Fraction(rest) == value
