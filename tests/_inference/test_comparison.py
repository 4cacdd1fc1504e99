"""Likelihood-ratio tests against definitions, and the proof that models are nested."""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import BayesianRidge, LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gml import (
    GaussianMLRegressor,
    MeanVarianceRegressor,
    likelihood_ratio_test,
)


def restricted_loglik(model, X, y):
    """Patterson and Thompson (1971), without the constants of X."""
    design = np.column_stack([np.ones(len(y)), X])
    mean, sigma = model.predict(X), model.predict_dist(X, kind="plugin").std()
    information = design.T @ (design / sigma[:, None] ** 2)
    return -0.5 * (
        2.0 * np.sum(np.log(sigma))
        + np.linalg.slogdet(information)[1]
        + np.sum(((y - mean) / sigma) ** 2)
    )


def test_restricted_likelihoods_tell_whether_noise_varies():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3))
    y = X @ [1.0, -2.0, 0.5] + np.exp(0.2 * X[:, 0]) * rng.standard_normal(200)
    constant = GaussianMLRegressor(method="reml").fit(X, y)
    varying = GaussianMLRegressor(
        method="reml", noise="log-linear", noise_columns=[0, 2]
    ).fit(X, y)
    test = likelihood_ratio_test(constant, varying)
    expected = 2.0 * (
        restricted_loglik(varying, X, y) - restricted_loglik(constant, X, y)
    )
    assert test.statistic == pytest.approx(expected, rel=1e-9)
    assert test.degrees_of_freedom == (2,)
    assert test.pvalue == pytest.approx(stats.chi2.sf(expected, 2), rel=1e-8)


def test_restricted_likelihoods_of_different_means_are_refused():
    X, y = np.random.default_rng(0).standard_normal((30, 3)), np.arange(30.0)
    small, full = (
        GaussianMLRegressor(method="reml").fit(X[:, :columns], y) for columns in (2, 3)
    )
    with pytest.raises(ValueError, match="method='ml'"):
        likelihood_ratio_test(small, full)


def test_different_methods_are_refused():
    X, y = np.random.default_rng(0).standard_normal((30, 3)), np.arange(30.0)
    small = GaussianMLRegressor(method="reml").fit(X[:, :2], y)
    with pytest.raises(ValueError, match="fit both with the same method"):
        likelihood_ratio_test(small, GaussianMLRegressor().fit(X, y))


def fit(X, y, *rows, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return GaussianMLRegressor(**parameters).fit(X, y, *rows)


def data(n=120, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + 3.0
    return X, X[:, 0] + np.exp(0.3 * X[:, 1]) * rng.standard_normal(n)


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("intercept", [True, False])
def test_units_of_columns_change_nothing(method, intercept):
    X, y = data()
    settings = {"method": method, "fit_intercept": intercept}
    varying = {**settings, "noise": "log-linear", "noise_columns": [1]}
    truth = likelihood_ratio_test(fit(X, y, **settings), fit(X, y, **varying))
    assert truth.statistic > 5
    factors = np.array([10.0, -1e-3, 1e6, 7.0])
    for one, other in ((X, X * factors), (X * factors, X)):
        test = likelihood_ratio_test(fit(one, y, **settings), fit(other, y, **varying))
        assert test.statistic == pytest.approx(truth.statistic, rel=1e-6)
        assert test.degrees_of_freedom == truth.degrees_of_freedom
    if intercept:
        moved = fit(100.0 - X * factors, y, **varying)
        test = likelihood_ratio_test(fit(X, y, **settings), moved)
        assert test.statistic == pytest.approx(truth.statistic, rel=1e-5)


@pytest.mark.parametrize("seed", range(10))
def test_subsets_in_any_order_are_nested_and_others_are_not(seed):
    rng = np.random.default_rng(seed)
    X, y = data(seed=seed, p=6)
    kept = rng.permutation(6)[:3]
    order = rng.permutation(6)
    small, full = fit(X[:, kept], y), fit(X[:, order], y)
    test = likelihood_ratio_test(small, full)
    assert test.statistic == pytest.approx(2 * (full.loglik_ - small.loglik_))
    assert test.degrees_of_freedom == (3,)
    without = fit(X[:, [j for j in order if j != kept[0]]], y)
    with pytest.raises(ValueError, match="x0 of restricted not found"):
        likelihood_ratio_test(small, without)
    # The same column, its rows in another order.
    mixed = X.copy()
    mixed[:, kept[0]] = rng.permutation(X[:, kept[0]])
    with pytest.raises(ValueError, match="not nested"):
        likelihood_ratio_test(small, fit(mixed, y))


def test_names_do_not_make_columns_the_same():
    X, y = data()
    frame = pd.DataFrame(X, columns=list("abcd"))
    other = frame.assign(a=frame["a"] ** 2)
    with pytest.raises(ValueError, match="a of restricted not found"):
        likelihood_ratio_test(fit(frame[["a"]], y), fit(other, y))
    renamed = frame.rename(columns={"a": "z"})
    test = likelihood_ratio_test(fit(frame[["a"]], y), fit(renamed, y))
    assert test.degrees_of_freedom == (3,)


@pytest.mark.parametrize("intercept", [True, False])
def test_constants_and_dummies(intercept):
    X, y = data()
    ones = np.ones((len(y), 1))
    small = fit(X[:, :1], y)
    full = fit(np.hstack([X[:, :2], ones]), y, fit_intercept=intercept)
    truth = likelihood_ratio_test(small, fit(X[:, :2], y))
    test = likelihood_ratio_test(small, full)
    assert test.statistic == pytest.approx(truth.statistic, rel=1e-8)
    assert test.degrees_of_freedom == (1,)
    with pytest.raises(ValueError, match="restricted has an intercept and full has"):
        likelihood_ratio_test(small, fit(X, y, fit_intercept=False))
    through_zero = fit(X[:, :1], y, fit_intercept=False)
    assert likelihood_ratio_test(through_zero, small).degrees_of_freedom == (1,)
    # About zero a column and itself minus its mean are two columns.
    with pytest.raises(ValueError, match="not nested"):
        likelihood_ratio_test(through_zero, fit(X - X.mean(axis=0), y))


def test_noise_columns_are_nested_too():
    X, y = data()
    one = fit(X, y, noise="log-linear", noise_columns=[0])
    both = fit(X[:, [1, 0, 3, 2]], y, noise="log-linear", noise_columns=[0, 1])
    other = fit(X, y, noise="log-linear", noise_columns=[1, 2])
    test = likelihood_ratio_test(one, both)
    assert test.statistic == pytest.approx(2 * (both.loglik_ - one.loglik_))
    for full in (
        other,
        fit(X[:, [1, 0, 3, 2]], y, noise="log-linear", noise_columns=[0, 2]),
    ):
        with pytest.raises(ValueError, match="drive the noise of restricted"):
            likelihood_ratio_test(one, full)
    # Constant noise on all columns, log-linear on fewer of them.
    with pytest.raises(ValueError, match="x3 of restricted not found"):
        likelihood_ratio_test(fit(X, y), fit(X[:, :3], y, noise="log-linear"))
    floor = fit(X, y, noise="log-linear", noise_columns=[0, 1], noise_floor=0.02)
    with pytest.raises(ValueError, match="fit both with the same noise_floor"):
        likelihood_ratio_test(one, floor)


def test_a_likelihood_without_a_maximum_is_refused():
    X, y = data(30, 2)
    small = fit(X, y)
    spike = np.column_stack([X, np.arange(30) == 7])
    plain = fit(spike, y, noise="log-linear", noise_floor=0)
    assert plain._fit.degenerate
    with pytest.raises(ValueError, match="likelihood of full has no maximum"):
        likelihood_ratio_test(small, plain)
    held = fit(spike, y, noise="log-linear", noise_floor=0.01)
    assert held._fit.n_at_floor.sum() > 0
    with pytest.raises(ValueError, match="noise_floor holds the sigma of"):
        likelihood_ratio_test(small, held)
    many = np.random.default_rng(0).standard_normal((30, 30))
    with pytest.raises(ValueError, match="likelihood of full has no maximum"):
        likelihood_ratio_test(fit(many[:, :2], y), fit(many, y))


def test_covariances_are_nested():
    X, y = data()
    Y = np.column_stack([y, y + X[:, 1] ** 2])
    diagonal, joint = fit(X[:, :2], Y), fit(X, Y, covariance="full")
    assert likelihood_ratio_test(diagonal, joint).degrees_of_freedom == (5,)
    small, full = fit(X[:, :1], Y, covariance="full"), fit(X, Y)
    with pytest.raises(ValueError, match="covariance='full' and full 'diagonal'"):
        likelihood_ratio_test(small, full)
    # Of one target they are the same model.
    single = fit(X[:, :1], y, covariance="full")
    assert likelihood_ratio_test(single, fit(X, y)).degrees_of_freedom == (3,)


def test_models_around_and_models_of_others():
    X, y = data()
    y = np.exp(y / 10)
    small, full = fit(X[:, :2], np.log(y)), fit(X, np.log(y))
    truth = likelihood_ratio_test(small, full)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), GaussianMLRegressor()),
        {"gaussianmlregressor__method": ["ml"]},
    )
    wrapped = TransformedTargetRegressor(search, func=np.log, inverse_func=np.exp)
    test = likelihood_ratio_test(small, wrapped.fit(X, y))
    assert test.statistic == pytest.approx(truth.statistic, rel=1e-7)
    for other in (LinearRegression().fit(X, y), BayesianRidge().fit(X, y), 3, None):
        with pytest.raises(
            TypeError, match="full must be a fitted GaussianMLRegressor"
        ):
            likelihood_ratio_test(small, other)
    varying = MeanVarianceRegressor().fit(X, y)
    with pytest.raises(TypeError, match="got MeanVarianceRegressor"):
        likelihood_ratio_test(varying, full)
    with pytest.raises(NotFittedError):
        likelihood_ratio_test(small, GaussianMLRegressor())


def test_another_column_is_not_nested():
    data = sm.datasets.statecrime.load_pandas().data
    X, y = data[["urban", "poverty", "hs_grad", "single"]], data["murder"]
    with pytest.raises(ValueError, match="white of restricted not found"):
        likelihood_ratio_test(fit(data[["white"]], y), fit(X, y))
