"""Coefficients that must not be negative, where dimensions are empty or units odd."""

import numpy as np
import pytest
from scipy import optimize

from sklearn_gml import DegenerateFitWarning, GaussianMLRegressor


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("y", [[0.0], [2.5], [-1.0], [[1.0, 2.0]]])
def test_a_single_row_has_no_slopes(alpha, y):
    """M18: the factor of one row has no rows for the slopes."""
    with pytest.warns(DegenerateFitWarning):
        model = GaussianMLRegressor(positive=True, alpha=alpha).fit([[1.0, 3.0]], y)
    np.testing.assert_array_equal(model.coef_, np.zeros(np.shape(model.coef_)))
    np.testing.assert_allclose(model.predict([[1.0, 3.0]]), y)


@pytest.mark.parametrize("size_x", [1e-100, 1e-20, 1.0, 1e20, 1e100])
@pytest.mark.parametrize("size_y", [1e-100, 1e-20, 1.0, 1e20, 1e100])
def test_units_do_not_matter(size_x, size_y):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 4))
    y = X @ [1.0, -1.0, 0.5, 2.0] + rng.standard_normal(30)
    expected, _ = optimize.nnls(X - X.mean(axis=0), y - y.mean())
    model = GaussianMLRegressor(positive=True).fit(size_x * X, size_y * y)
    np.testing.assert_allclose(
        model.coef_ * (size_x / size_y), expected, rtol=1e-10, atol=1e-12
    )
