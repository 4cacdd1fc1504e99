"""Log-linear noise where a combination of columns is constant but for rounding."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from sklearn_gml import GaussianMLRegressor
from sklearn_gml.dask import DaskGaussianMLRegressor

# What rounding of X - X.mean(0) itself changes, in standard errors, grows with the
# digits to which the shares are known: at eight it is 2e-9.
DECIMALS = [3, 5, 6, 7]


def shares(decimals, seed=0):
    X = np.round(np.random.default_rng(1).dirichlet([2, 3, 4], size=60), decimals)
    rng = np.random.default_rng(seed)
    y = 1.0 + X @ [1.0, 2.0, 3.0] + np.exp(X[:, 0] - 1.0) * rng.standard_normal(60)
    return X, y


def errors(model):
    """Standard errors of the slopes of mean and log sigma."""
    error, p = np.sqrt(np.diagonal(model.coef_covariance())), len(model.coef_)
    return error[1 : 1 + p], error[2 + p :]


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("columns", [[0], None])
@pytest.mark.parametrize("decimals", DECIMALS)
@pytest.mark.parametrize("seed", range(3))
def test_moving_the_columns_changes_nothing(seed, decimals, columns, method):
    """Fault H3: slopes had standard errors 5.9 % off, and REML warned for nothing."""
    X, y = shares(decimals, seed)
    model, moved = (
        GaussianMLRegressor(
            noise="log-linear", noise_columns=columns, method=method, tol=1e-11
        ).fit(rows, y)
        for rows in (X, X - X.mean(axis=0))
    )
    for name, error, expected in zip(
        ("coef_", "noise_coef_"), errors(model), errors(moved), strict=True
    ):
        change = getattr(model, name) - getattr(moved, name)
        # One of the 24 restricted fits ends where values alone tell its maximum.
        within, rtol = (5e-9, 1e-9) if method == "ml" else (2e-7, 1e-6)
        assert np.max(np.abs(change) / expected) < within
        np.testing.assert_allclose(error, expected, rtol=rtol)
    assert model.loglik_ == pytest.approx(moved.loglik_, rel=1e-9)


def years_and_months(seed, n_samples=3_000):
    """Years as dummies and date = year + month / 12, its month a column as well."""
    rng = np.random.default_rng(seed)
    year, month = rng.integers(2000, 2016, n_samples), rng.integers(0, 12, n_samples)
    date = np.round(year + month / 12.0, 13)
    numbers = StandardScaler().fit_transform(
        np.column_stack([year, month, date, rng.standard_normal(n_samples)])
    )
    dummies = (year[:, None] == np.arange(2001, 2016)).astype(float)
    X = np.column_stack([numbers, dummies])
    noise = np.exp(0.3 * numbers[:, 3] + 0.02 * (year - 2000))
    return X, numbers[:, 3] + noise * rng.standard_normal(n_samples)


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.filterwarnings("ignore::sklearn_gml.RankDeficiencyWarning")
def test_a_sum_of_others_but_for_rounding_converges(seed, method):
    """The configuration turns a ConvergenceWarning into an error."""
    X, y = years_and_months(seed)
    model = GaussianMLRegressor(noise="log-linear", method=method).fit(X, y)
    assert model.n_iter_ < 15
    assert model.loglik_ == pytest.approx(model.score_loglik(X, y), rel=1e-6)


def test_dask_sums_about_the_means_as_well():
    array = pytest.importorskip("dask.array")
    X, y = shares(7)
    plain = GaussianMLRegressor(noise="log-linear").fit(X, y)
    model = DaskGaussianMLRegressor(noise="log-linear")
    model.fit(array.from_array(X, (17, 3)), array.from_array(y, 17))
    for one, other in zip(errors(model), errors(plain), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7)
