"""Targets that vary together: R, systemfit and scipy, and what joint models obey."""

import pickle

import numpy as np
import pytest
from reference_fits import columns, digits, load, names
from scipy import optimize, stats
from sklearn.base import clone
from sklearn.datasets import load_linnerud
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gml import (
    DegenerateFitWarning,
    GaussianMLRegressor,
    MultivariateNormal,
    MultivariateT,
    likelihood_ratio_test,
    predict_dist,
)
from sklearn_gml.displays import CalibrationDisplay
from sklearn_gml.metrics import (
    crps_loss,
    d2_loglik_score,
    interval_coverage_score,
    loglik_score,
    loglik_scorer,
    pit_values,
)

EXERCISE, BODY = load_linnerud(return_X_y=True)


def full(**parameters):
    return GaussianMLRegressor(covariance="full", **parameters)


@pytest.mark.parametrize("name", names("multi"))
def test_reference(name):
    case = load(name)
    X = columns(case, case["model"]["mean_terms"])
    Y, truth = columns(case, case["model"]["ys"]), case["truth"]
    ml, reml = full().fit(X, Y), full(method="reml").fit(X, Y)
    unit = np.array(truth["se"])
    found = np.column_stack([ml.intercept_, ml.coef_])
    assert digits(found, truth["coef"], scale=unit) > 10
    for model, which in ((ml, "ml"), (reml, "reml")):
        expected = np.array(truth[f"sigma_{which}"])
        size = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
        assert digits(model.covariance_, expected, scale=size) > 10
        assert digits(model.sigma_**2, np.diag(expected)) > 10
    assert digits(ml.loglik_, truth["loglik_ml"]) > 10
    assert digits(reml.restricted_loglik_, truth["loglik_reml"]) > 10
    assert digits(ml.aic_, truth["aic"]) > 10
    assert digits(ml.bic_, truth["bic"]) > 10
    variances = np.diagonal(ml.coef_covariance(), axis1=1, axis2=2)
    assert digits(np.sqrt(variances), truth["se"]) > 10
    assert (
        digits(ml.loglik_samples(X[:5], Y[:5]), truth["log_density_rows_0_to_4_ml"])
        > 10
    )
    new = columns({"columns": case["newdata"]}, case["model"]["mean_terms"])
    intervals = np.stack(
        predict_dist(ml, new, kind="predictive").interval(0.95), axis=-1
    )
    expected = np.array(truth["predict"]["interval95_t"])
    if expected.shape != intervals.shape:
        expected = np.swapaxes(expected, 0, 1)
    assert (
        digits(intervals, expected, scale=np.ptp(expected, axis=-1, keepdims=True)) > 10
    )
    others = {target: Y[:1, target] for target in range(1, Y.shape[1])}
    conditional = ml.predict_dist(X[:1], kind="plugin").conditional(others)
    expected = truth["conditional_output0_given_rest_ml"]
    assert digits(conditional.mean()[0, 0], expected["mean"]) > 10
    assert digits(conditional.std()[0, 0], expected["sd"]) > 10
    diagonal = GaussianMLRegressor().fit(X, Y)
    test = likelihood_ratio_test(diagonal, ml)
    assert digits(test.statistic, truth["lr_test_diagonal"]["stat"]) > 9
    assert test.degrees_of_freedom == (truth["lr_test_diagonal"]["df"],)
    assert digits(test.pvalue, truth["lr_test_diagonal"]["p"]) > 9


@pytest.mark.parametrize("alpha", [0.0, 3.0])
@pytest.mark.parametrize("seed", range(4))
def test_the_joint_maximum_is_one(seed, alpha):
    """No parameters near have a higher likelihood with the prior."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(30, 2))
    Y = X @ rng.normal(size=(2, 2)) + rng.normal(size=(30, 2)) @ rng.normal(size=(2, 2))
    model = full(alpha=alpha).fit(X, Y)

    def objective(theta):
        intercept, coef = theta[:2], theta[2:6].reshape(2, 2)
        lower = np.array([[np.exp(theta[6]), 0.0], [theta[7], np.exp(theta[8])]])
        cov = lower @ lower.T
        residual = Y - intercept - X @ coef.T
        value = stats.multivariate_normal([0, 0], cov).logpdf(residual).sum()
        return value - 0.5 * alpha * np.trace(coef.T @ np.linalg.solve(cov, coef))

    lower = np.linalg.cholesky(model.covariance_)
    noise = [np.log(lower[0, 0]), lower[1, 0], np.log(lower[1, 1])]
    best = np.array([*model.intercept_, *model.coef_.ravel(), *noise])
    slope = [
        (objective(best + step) - objective(best - step)) / 2e-5
        for step in 1e-5 * np.eye(9)
    ]
    np.testing.assert_allclose(slope, 0.0, atol=1e-6)
    # A solver of the objective as it is written down arrives there too.
    found = optimize.minimize(lambda theta: -objective(theta), best + 0.1)
    assert -found.fun <= objective(best) + 1e-8
    np.testing.assert_allclose(found.x, best, atol=1e-3)
    if alpha:
        expected = Ridge(alpha, solver="svd").fit(X, Y).coef_
        np.testing.assert_allclose(model.coef_, expected, rtol=1e-9)


@pytest.mark.parametrize(
    "settings", [{}, {"alpha": 2.0}, {"fit_intercept": False}], ids=str
)
@pytest.mark.parametrize("method", ["ml", "reml"])
def test_invariants(settings, method):
    rng = np.random.default_rng(0)
    weight = rng.integers(0, 4, len(EXERCISE)).astype(float)
    scale = rng.uniform(0.5, 2.0, len(EXERCISE))
    model = full(method=method, **settings)
    model.fit(EXERCISE, BODY, weight, noise_scale=scale)
    known = {"noise_scale": scale}
    assert model.loglik_ == pytest.approx(
        model.score_loglik(EXERCISE, BODY, weight, **known), rel=1e-10
    )
    np.testing.assert_allclose(
        model.loglik_samples(EXERCISE, BODY, **known),
        model.predict_dist(EXERCISE, kind="plugin", **known).logpdf(BODY),
    )
    # Weights are repetitions.
    times = weight.astype(int)
    again = clone(model).fit(
        EXERCISE.repeat(times, axis=0),
        BODY.repeat(times, axis=0),
        noise_scale=scale.repeat(times),
    )
    np.testing.assert_allclose(again.covariance_, model.covariance_, rtol=1e-9)
    assert again.loglik_ == pytest.approx(model.loglik_, rel=1e-10)
    # Units of the targets.
    units = np.array([1e-6, 1.0, 1e9])
    scaled = clone(model).fit(EXERCISE, BODY * units, weight, noise_scale=scale)
    np.testing.assert_allclose(
        scaled.covariance_, model.covariance_ * np.outer(units, units), rtol=1e-9
    )
    lost = weight.sum() * np.log(units).sum()
    assert scaled.loglik_ == pytest.approx(model.loglik_ - lost, rel=1e-10)
    assert scaled.sigma_ == pytest.approx(np.sqrt(np.diag(scaled.covariance_)))


def test_batches_statistics_and_copies_have_it_too():
    whole = full().fit(EXERCISE, BODY)
    parts = full()
    for part in np.array_split(np.arange(len(EXERCISE)), 3):
        parts.partial_fit(EXERCISE[part], BODY[part])
    of_statistics = full().fit_statistics(whole.statistics_)
    copied = pickle.loads(pickle.dumps(whole))
    for model in (parts, of_statistics, copied):
        np.testing.assert_allclose(model.covariance_, whole.covariance_, rtol=1e-9)
        assert model.loglik_ == pytest.approx(whole.loglik_, rel=1e-11)
        np.testing.assert_allclose(
            model.predict_dist(EXERCISE).logpdf(BODY),
            whole.predict_dist(EXERCISE).logpdf(BODY),
            rtol=1e-8,
        )
    # What set_params did after the fit changes nothing.
    whole.set_params(covariance="diagonal")
    assert isinstance(whole.predict_dist(EXERCISE, kind="plugin"), MultivariateNormal)
    assert not hasattr(whole.fit(EXERCISE, BODY), "covariance_")


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_rows_left_out_are_those_of_fits_without_them(alpha, method):
    rng = np.random.default_rng(0)
    weight = np.array([2.0, 1.0, 0.5, 3.0] * 5)
    scale = rng.uniform(0.5, 2.0, len(EXERCISE))
    model = full(alpha=alpha, method=method)
    model.fit(EXERCISE, BODY, weight, noise_scale=scale)
    found = model.loo_loglik_samples(EXERCISE, BODY, weight, noise_scale=scale)
    for row in range(len(EXERCISE)):
        fewer = weight.copy()
        fewer[row] -= min(1.0, fewer[row])
        rest = clone(model).fit(EXERCISE, BODY, fewer, noise_scale=scale)
        one = slice(row, row + 1)
        expected = rest.loglik_samples(EXERCISE[one], BODY[one], noise_scale=scale[one])
        assert found[row] == pytest.approx(expected[0], rel=1e-8)


def test_kinds_of_distribution():
    model = full().fit(EXERCISE, BODY)
    diagonal = GaussianMLRegressor().fit(EXERCISE, BODY)
    plugin = model.predict_dist(EXERCISE, kind="plugin")
    assert isinstance(plugin, MultivariateNormal)
    np.testing.assert_allclose(plugin.cov()[0], model.covariance_, rtol=1e-12)
    for kind in ("predictive", "mean"):
        student = model.predict_dist(EXERCISE, kind=kind)
        assert isinstance(student, MultivariateT)
        # By target it is exact, as without correlations.
        expected = diagonal.predict_dist(EXERCISE, kind=kind)
        np.testing.assert_allclose(student.interval(0.9), expected.interval(0.9))
        np.testing.assert_allclose(student.correlation(), plugin.correlation())
    mean, std = model.predict(EXERCISE, return_std=True)
    np.testing.assert_allclose(mean, diagonal.predict(EXERCISE))
    assert std.shape == BODY.shape


def test_scores_searches_and_displays():
    pytest.importorskip("matplotlib")
    model = make_pipeline(StandardScaler(), full()).fit(EXERCISE, BODY)
    joint = predict_dist(model, EXERCISE)
    diagonal = joint.by_target
    expected = model[-1].loglik_ / len(BODY)
    assert loglik_score(BODY, predict_dist(model, EXERCISE, kind="plugin")) == (
        pytest.approx(expected)
    )
    for score in (crps_loss, interval_coverage_score):
        assert score(BODY, joint) == score(BODY, diagonal)
    np.testing.assert_array_equal(pit_values(BODY, joint), pit_values(BODY, diagonal))
    # In sample, a ratio of generalised variances.
    plugin = predict_dist(model, EXERCISE, kind="plugin")
    inside = np.linalg.det(model[-1].covariance_)
    ratio = inside / np.linalg.det(np.cov(BODY.T, bias=True))
    assert d2_loglik_score(BODY, plugin) == pytest.approx(1 - ratio ** (1 / 3))
    CalibrationDisplay.from_estimator(model, EXERCISE, BODY)
    grid = {"gaussianmlregressor__covariance": ["diagonal", "full"]}
    search = GridSearchCV(model, grid, scoring=loglik_scorer, cv=4).fit(EXERCISE, BODY)
    scores = cross_val_score(model, EXERCISE, BODY, scoring=loglik_scorer, cv=4)
    assert search.cv_results_["mean_test_score"][1] == pytest.approx(scores.mean())


def test_one_target():
    target = BODY[:, 0]
    plain = GaussianMLRegressor().fit(EXERCISE, target)
    model = full().fit(EXERCISE, target)
    assert model.covariance_.shape == (1, 1)
    assert model.covariance_[0, 0] == pytest.approx(plain.sigma_**2)
    assert model.loglik_ == pytest.approx(plain.loglik_)
    assert model.aic_ == pytest.approx(plain.aic_)
    assert model.predict_dist(EXERCISE, kind="plugin").dist.name == "norm"
    column = full().fit(EXERCISE, BODY[:, :1])
    density = column.predict_dist(EXERCISE, kind="plugin").logpdf(BODY[:, :1])
    np.testing.assert_allclose(density, plain.loglik_samples(EXERCISE, target))


def test_without_a_maximum():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(30, 2)), rng.normal(size=(30, 2))
    dependent = np.c_[Y, Y @ [1.0, -2.0] + X @ [1.0, 1.0]]
    for rows, targets in ((X, dependent), (X[:5], rng.normal(size=(5, 3)))):
        model = full()
        with pytest.warns(DegenerateFitWarning, match="targets leave no noise in some"):
            model.fit(rows, targets)
        assert np.isfinite(model.loglik_)
        assert np.all(
            np.isfinite(model.predict_dist(rows, kind="plugin").logpdf(targets))
        )
    with pytest.warns(DegenerateFitWarning, match="no noise left"):
        full().fit(X, np.c_[Y, np.ones(30)])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"positive": True}, "positive=True is not supported with covariance='full'"),
        ({"noise": "log-linear"}, "noise='log-linear' is not supported with cov"),
        ({"covariance": "banded"}, "The 'covariance' parameter"),
    ],
    ids=str,
)
def test_what_is_not_supported(parameters, message):
    with pytest.raises(ValueError, match=message):
        full().set_params(**parameters).fit(EXERCISE, BODY)
