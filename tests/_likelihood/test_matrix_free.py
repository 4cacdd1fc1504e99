"""Wide sparse rows: the same maximum without a matrix of columns by columns."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge

from sklearn_gml import (
    DegenerateFitWarning,
    GaussianMLRegressor,
    RankDeficiencyWarning,
)
from sklearn_gml._data import rows as blocks


def text(n_samples=400, n_features=6000, seed=0):
    """Counts of words of which few are frequent, and a response to them."""
    rng = np.random.default_rng(seed)
    entries = n_samples * 30
    rows = rng.integers(0, n_samples, entries)
    columns = (n_features * rng.random(entries) ** 3).astype(int)
    X = sparse.csr_array(
        (1.0 + rng.random(entries), (rows, columns)), shape=(n_samples, n_features)
    )
    y = X @ rng.standard_normal(n_features) + rng.standard_normal(n_samples)
    return X, y


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_equals_dense_ridge(fit_intercept, weighted):
    X, y = text()
    Y = np.column_stack([y, 1e3 - 2.0 * y])
    weight = np.random.default_rng(1).uniform(0.0, 3.0, len(y)) if weighted else None
    for alpha in (0.1, 10.0):
        options = {"alpha": alpha, "fit_intercept": fit_intercept}
        model = GaussianMLRegressor(**options).fit(X, Y, weight)
        dense = GaussianMLRegressor(**options).fit(X.toarray(), Y, weight)
        theirs = Ridge(solver="svd", **options).fit(X.toarray(), Y, weight)
        # The maximiser stops within 1e-8 standard errors, and no standard error is
        # larger than sigma / sqrt(alpha), that of the prior.
        error = np.abs(model.coef_ - theirs.coef_).max(axis=1)
        assert np.all(error <= 1e-8 * dense.sigma_ / np.sqrt(alpha))
        np.testing.assert_allclose(model.intercept_, theirs.intercept_, rtol=1e-9)
        np.testing.assert_allclose(model.sigma_, dense.sigma_, rtol=1e-10)
        np.testing.assert_allclose(model.loglik_, dense.loglik_, rtol=1e-10)
        score = model.score_loglik(X, Y, weight)
        assert model.loglik_ == pytest.approx(score, rel=1e-10)


def test_equals_the_factor_where_both_are_possible(monkeypatch):
    rng = np.random.default_rng(0)
    X = sparse.random_array((500, 30), density=0.2, rng=rng, format="csr")
    y = X @ rng.standard_normal(30) + rng.standard_normal(500)
    weight = rng.integers(0, 4, 500).astype(float)
    by_factor = GaussianMLRegressor().fit(X, y, weight)
    monkeypatch.setattr(blocks, "WIDE", 20)
    for solver in ("newton", "lbfgs"):
        model = GaussianMLRegressor(solver=solver).fit(X, y, weight)
        assert not hasattr(model, "statistics_")
        rtol = 1e-11 if solver == "newton" else 1e-6
        scale = np.abs(by_factor.coef_).max()
        np.testing.assert_allclose(
            model.coef_, by_factor.coef_, rtol=0, atol=rtol * scale
        )
        np.testing.assert_allclose(model.sigma_, by_factor.sigma_, rtol=rtol)
        assert model.aic_ == pytest.approx(by_factor.aic_, rel=rtol)
    assert model.rank_ == by_factor.rank_ == 31


def test_says_what_it_cannot_do():
    X, y = text()
    message = r"{}.*not supported for sparse X with 6000 columns.*use {}"
    with pytest.raises(
        ValueError, match=message.format("method='reml'", "method='ml'")
    ):
        GaussianMLRegressor(method="reml").fit(X, y)
    with pytest.raises(ValueError, match=message.format("positive=True", "positive=F")):
        GaussianMLRegressor(positive=True).fit(X, y)
    X.data[5] = np.nan
    with pytest.raises(ValueError, match="X contains NaN"):
        GaussianMLRegressor(alpha=1.0).fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_more_words_than_texts_have_no_noise():
    X, y = text()
    with pytest.warns(DegenerateFitWarning):
        model = GaussianMLRegressor().fit(X, y)
    np.testing.assert_allclose(model.predict(X), y, atol=1e-8 * np.abs(y).max())
    assert np.isfinite(model.loglik_)


def test_columns_without_entries_are_no_directions():
    """M7: hashed words leave most of the columns empty."""
    x, y = np.array([[1.0], [2.0], [3.0], [5.0]]), np.array([1.0, 2.0, 4.0, 4.0])
    empty = sparse.csr_array((4, 5000))
    wide = sparse.csr_array(sparse.hstack([sparse.csr_array(x), empty]))
    with pytest.warns(RankDeficiencyWarning, match="5000 of 5002"):
        model = GaussianMLRegressor().fit(wide, y)
    expected = GaussianMLRegressor().fit(x, y)
    assert model.rank_ == expected.rank_ == 2
    for name in ("sigma_", "loglik_", "aic_", "bic_"):
        assert getattr(model, name) == pytest.approx(getattr(expected, name), rel=1e-9)
    assert model.coef_[0] == pytest.approx(expected.coef_[0], rel=1e-9)
    np.testing.assert_array_equal(model.coef_[1:], 0.0)
