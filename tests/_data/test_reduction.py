"""Columns whose squares leave the range of a float are refused by name."""

import numpy as np
import pytest

from sklearn_gml import GaussianMLRegressor


@pytest.mark.parametrize("size", [1e-140, 1e-155, 1e-170, 1e-200, 1e-300])
@pytest.mark.parametrize("offset", [0.0, 5.0])
def test_tiny_columns_are_named(size, offset):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((2, 20, 2))
    y = y[:, 0]
    with pytest.raises(ValueError, match="Column 1 of X is so small"):
        GaussianMLRegressor().fit((X + offset) * [1.0, size], y)
    with pytest.raises(ValueError, match="y is so small"):
        GaussianMLRegressor().fit(X, size * (y + offset))


@pytest.mark.parametrize("size", [1e-120, 1e-60, 1e60, 1e120])
def test_units_within_the_range_change_nothing(size):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 2)), rng.standard_normal(20)
    expected = GaussianMLRegressor().fit(X, y)
    model = GaussianMLRegressor().fit(X * [1.0, size], y)
    np.testing.assert_allclose(model.coef_ * [1.0, size], expected.coef_, rtol=1e-11)
    model = GaussianMLRegressor().fit(X, size * y)
    np.testing.assert_allclose(model.coef_ / size, expected.coef_, rtol=1e-11)
    np.testing.assert_allclose(model.sigma_ / size, expected.sigma_, rtol=1e-11)


def test_columns_of_zeros_are_not_tiny():
    X = np.array([[1.0, 0.0], [2.0, 0.0], [4.0, 0.0], [3.0, 0.0]])
    with pytest.warns(UserWarning, match="collinear"):
        GaussianMLRegressor().fit(X, [1.0, 2.0, 4.0, 2.0])
