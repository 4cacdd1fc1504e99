"""Targets that vary together, in chunks of rows."""

import numpy as np
import pytest

dask_array = pytest.importorskip("dask.array")

from sklearn_gml import GaussianMLRegressor  # noqa: E402
from sklearn_gml.dask import DaskGaussianMLRegressor  # noqa: E402


def test_the_covariance_is_that_of_all_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    Y = X[:, :2] + rng.normal(size=(300, 2)) @ [[1.0, 0.5], [0.0, 1.0]]
    chunked, targets = (dask_array.from_array(one, chunks=(70, -1)) for one in (X, Y))
    model = DaskGaussianMLRegressor(covariance="full").fit(chunked, targets)
    plain = GaussianMLRegressor(covariance="full").fit(X, Y)
    np.testing.assert_allclose(model.covariance_, plain.covariance_, rtol=1e-10)
    assert model.loglik_ == pytest.approx(plain.loglik_, rel=1e-12)
    distribution, expected = model.predict_dist(chunked), plain.predict_dist(X)
    density = distribution.logpdf(targets)
    assert density.shape == (300,)
    np.testing.assert_allclose(density.compute(), expected.logpdf(Y), rtol=1e-10)
    low, _ = distribution.interval(0.9)
    np.testing.assert_allclose(low.compute(), expected.interval(0.9)[0], rtol=1e-9)
    total = model.score_loglik(chunked, targets)
    assert float(total) == pytest.approx(plain.loglik_, rel=1e-10)
    with pytest.raises(TypeError, match="has no cdf"):
        distribution.cdf(targets)
