"""Weights: zero is no row, and a common factor changes no estimate."""

import warnings

import numpy as np
import pytest
from scipy import sparse

from sklearn_gml import GaussianMLRegressor, GaussianStatistics
from sklearn_gml._data import rows as blocks


def rows(seed=0, n_samples=40):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, 3))
    y = X @ [1.0, -2.0, 0.5] + 3.0 + rng.standard_normal(n_samples)
    weight = rng.integers(0, 3, n_samples).astype(float)
    weight[0] = 0.0
    return X, y, weight


FILL = {"huge": 1e200, "missing": np.nan, "infinite": np.inf, "negative": -np.inf}
SETTINGS = [
    {},
    {"alpha": 1.0},
    {"positive": True},
    {"method": "reml"},
    {"solver": "lbfgs"},
    {"noise": "log-linear", "noise_columns": [0]},
]


@pytest.mark.parametrize("fill", FILL)
@pytest.mark.parametrize("where", ["X", "y", "both"])
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.parametrize("form", ["dense", "float32", "sparse", "frame"])
def test_rows_of_weight_zero_take_no_part(fill, where, setting, form):
    X, y, weight = rows()
    left_out = weight == 0
    if where != "y":
        X[left_out, 1] = FILL[fill]
    if where != "X":
        y[left_out] = FILL[fill]
    if form == "float32":
        with np.errstate(over="ignore"):
            X = X.astype(np.float32)
    if form == "sparse":
        X = sparse.csr_array(X)
    if form == "frame":
        X = pytest.importorskip("pandas").DataFrame(X, columns=["a", "b", "c"])
    kept = np.flatnonzero(~left_out)
    X_kept = X.iloc[kept] if form == "frame" else X[kept]
    model = GaussianMLRegressor(**setting).fit(X, y, weight)
    expected = GaussianMLRegressor(**setting).fit(X_kept, y[kept], weight[kept])
    for name in ("coef_", "intercept_", "sigma_", "loglik_"):
        np.testing.assert_allclose(
            getattr(model, name), getattr(expected, name), rtol=1e-10
        )
    assert model.score_loglik(X, y, weight) == pytest.approx(model.loglik_, rel=1e-6)
    r2 = expected.score(X_kept, y[kept], weight[kept])
    assert model.score(X, y, weight) == pytest.approx(r2, rel=1e-10)


@pytest.mark.parametrize("fill", FILL)
def test_in_batches_statistics_and_wide_sparse_rows(fill, monkeypatch):
    X, y, weight = rows()
    expected = GaussianMLRegressor().fit(
        X[weight > 0], y[weight > 0], weight[weight > 0]
    )
    X[weight == 0, 1] = y[weight == 0] = FILL[fill]
    model = GaussianMLRegressor()
    for part in np.array_split(np.arange(40), 4):
        model.partial_fit(X[part], y[part], weight[part])
    assert model.sigma_ == pytest.approx(expected.sigma_, rel=1e-12)
    statistics = GaussianStatistics.from_data(X, y, weight)
    model = GaussianMLRegressor().fit_statistics(statistics)
    assert model.sigma_ == pytest.approx(expected.sigma_, rel=1e-12)
    monkeypatch.setattr(blocks, "WIDE", 2)
    model = GaussianMLRegressor().fit(sparse.csr_array(X), y, weight)
    assert model.sigma_ == pytest.approx(expected.sigma_, rel=1e-10)


def test_missing_noise_scales_of_weight_zero():
    X, y, weight = rows()
    scale = np.where(weight > 0, 1.5, np.nan)
    model = GaussianMLRegressor().fit(X, y, weight, noise_scale=scale)
    score = model.score_loglik(X, y, weight, noise_scale=scale)
    assert score == pytest.approx(model.loglik_, rel=1e-12)


def test_missing_values_of_weight_are_an_error():
    X, y, weight = rows()
    X[weight > 0, 1] = np.nan
    with pytest.raises(ValueError, match="X contains NaN"):
        GaussianMLRegressor().fit(X, y, weight)


@pytest.mark.parametrize(
    "exponent", [-300, -200, -100, -20, -10, 10, 20, 100, 200, 300]
)
@pytest.mark.parametrize(
    "setting", [{}, {"positive": True}, {"solver": "lbfgs"}, {"fit_intercept": False}]
)
def test_a_common_factor_changes_no_estimate(exponent, setting):
    X, y, weight = rows()
    factor = 10.0**exponent
    expected = GaussianMLRegressor(**setting).fit(X, y, weight)
    for way in ("fit", "partial_fit"):
        model = GaussianMLRegressor(**setting)
        getattr(model, way)(X, y, factor * weight)
        rtol = 1e-6 if "solver" in setting else 1e-12
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=rtol, atol=rtol)
        assert model.sigma_ == pytest.approx(expected.sigma_, rel=rtol)
        assert model.loglik_ / factor == pytest.approx(expected.loglik_, rel=1e-9)


@pytest.mark.parametrize("exponent", [-300, -20, 20, 300])
def test_of_wide_sparse_rows(exponent, monkeypatch):
    X, y, weight = rows()
    monkeypatch.setattr(blocks, "WIDE", 2)
    expected = GaussianMLRegressor().fit(sparse.csr_array(X), y, weight)
    model = GaussianMLRegressor().fit(sparse.csr_array(X), y, 10.0**exponent * weight)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-9)
    assert model.sigma_ == pytest.approx(expected.sigma_, rel=1e-9)


def test_weights_whose_sum_overflows_are_named():
    X, y, _ = rows()
    with pytest.raises(ValueError, match="sum of sample_weight overflows"):
        GaussianMLRegressor().fit(X, y, np.full(40, 1e308))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = GaussianMLRegressor().fit(X, y, np.full(40, 1e305))
    expected = GaussianMLRegressor().fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
