"""Everyday calls on Dask collections: R^2, copies, arrays of probabilities."""

import copy

import numpy as np
import pytest
from sklearn.metrics import r2_score

pytest.importorskip("dask.dataframe")

import dask.array as da
import dask.dataframe as dd
import pandas as pd

from sklearn_gml.dask import DaskGaussianMLRegressor


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((60, 3)), columns=["a", "b", "y"])
    lazy = dd.from_pandas(frame, npartitions=3)
    X, y = lazy[["a", "b"]], lazy["y"]
    return DaskGaussianMLRegressor().fit(X, y), X, y


def test_score_of_a_frame(fitted):
    model, X, y = fitted
    truth = r2_score(y.compute(), model.predict(X.compute()))
    assert model.score(X, y) == pytest.approx(truth, rel=1e-12)


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
def test_copies_keep_the_class(fitted, how):
    model, X, _ = fitted
    copied = how(model)
    assert type(copied) is DaskGaussianMLRegressor
    np.testing.assert_array_equal(
        copied.predict(X).compute(), model.predict(X).compute()
    )


def test_negative_weights(fitted):
    model, X, y = fitted
    X, y = X.to_dask_array(lengths=True), y.to_dask_array(lengths=True)
    weight = da.ones(60, chunks=X.chunks[0]) - 2.0 * (da.arange(60, chunks=20) == 30)
    with pytest.raises(ValueError, match="Negative values"):
        float(model.score_loglik(X, y, weight))


def test_an_array_of_probabilities_is_refused_with_a_reason(fitted):
    model, X, _ = fitted
    with pytest.raises(ValueError, match="call it once for each number"):
        model.predict_dist(X).ppf(np.array([0.1, 0.5]))
