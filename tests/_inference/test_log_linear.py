"""How surely the parameters are known where noise varies: against R, and laws."""

import numpy as np
import pytest
import reference_fits as reference
from scipy import stats

from sklearn_gml import (
    GaussianMLRegressor,
    RankDeficiencyWarning,
    likelihood_ratio_test,
)


def fitted_case(name, **parameters):
    case = reference.load(name)
    model = case["model"]
    X = reference.columns(case, model["mean_terms"])
    y = np.asarray(case["columns"][model["y"]], float)
    terms = [term for term in model["mean_terms"] if term != "(Intercept)"]
    drive = [terms.index(t) for t in model["logsd_terms"] if t != "(Intercept)"]
    weight = case["columns"].get(model.get("freq"))
    fit = GaussianMLRegressor(
        noise="log-linear", noise_columns=drive, **parameters
    ).fit(X, y, weight)
    new = np.column_stack([np.asarray(case["newdata"][t], float) for t in terms])
    return case["truth"], fit, X, y, weight, new


@pytest.mark.parametrize("name", reference.names("hetero"))
def test_table_agrees_with_r(name):
    truth, fit, *_ = fitted_case(name)
    truth = truth["ml"]
    values = np.append(truth["coef_mean"], truth["coef_logsd"])
    errors = np.sqrt(np.diagonal(truth["vcov_observed"]))
    limits = fit.conf_int(0.95)
    reach = stats.norm.isf(0.025) * errors
    np.testing.assert_allclose(limits[:, 0], values - reach, atol=1e-9 * errors.max())
    np.testing.assert_allclose((limits[:, 1] - limits[:, 0]) / 2, reach, rtol=1e-9)
    names = fit.parameter_names()
    assert len(names) == len(values)
    for position, label in enumerate(names):
        test = fit.wald_test(label)
        assert test.distribution == "chi2"
        expected = (values[position] / errors[position]) ** 2
        assert test.statistic == pytest.approx(expected, rel=1e-8)
        assert test.pvalue == pytest.approx(stats.chi2.sf(expected, 1), rel=1e-7)


@pytest.mark.parametrize("name", reference.names("hetero"))
def test_predictions_agree_with_r(name):
    truth, fit, *_, new = fitted_case(name)
    truth = truth["ml"]["predict"]
    plugin = fit.predict_dist(new, kind="plugin")
    np.testing.assert_allclose(plugin.mean(), truth["mean"], rtol=1e-9)
    np.testing.assert_allclose(plugin.std(), truth["sd_noise"], rtol=1e-9)
    mean = fit.predict_dist(new, kind="mean")
    np.testing.assert_allclose(mean.std(), truth["se_mean"], rtol=1e-9)
    # The reference has the normal distribution of this location and scale.
    predictive = fit.predict_dist(new, kind="predictive").kwds
    interval = stats.norm(predictive["loc"], predictive["scale"]).interval(0.95)
    expected = np.asarray(truth["interval95_with_mean_uncertainty"])
    np.testing.assert_allclose(np.transpose(interval), expected, rtol=1e-9)


@pytest.mark.parametrize("name", reference.names("hetero"))
def test_constant_noise_is_tested_as_in_r(name):
    truth, fit, X, y, weight, _ = fitted_case(name)
    constant = GaussianMLRegressor().fit(X, y, weight)
    test = likelihood_ratio_test(constant, fit)
    truth = truth["lr_test_homoscedastic"]
    assert test.statistic == pytest.approx(truth["stat"], rel=1e-10)
    assert test.degrees_of_freedom == (truth["df"],)
    assert test.pvalue == pytest.approx(truth["p"], rel=1e-9)


@pytest.mark.parametrize("name", reference.names("hetero"))
def test_leverage_is_that_of_weighted_least_squares(name):
    truth, fit, X, _, weight, _ = fitted_case(name, method="reml")
    sigma = fit.predict_dist(X, kind="plugin").std()
    weight = np.ones(len(X)) if weight is None else np.asarray(weight, float)
    design = np.column_stack([np.ones(len(X)), X]) / sigma[:, None]
    triangle = np.linalg.qr(design * np.sqrt(weight)[:, None], mode="r")
    exact = np.square(np.linalg.solve(triangle.T, design.T)).sum(axis=0)
    np.testing.assert_allclose(fit.leverage(X), exact, rtol=1e-8)
    assert weight @ fit.leverage(X) == pytest.approx(fit.rank_, rel=1e-9)
    # Standard errors of the mean for known noise, as nlme reports them.
    errors = np.sqrt(fit.leverage(X)) * sigma
    inverse = np.linalg.inv(triangle)
    np.testing.assert_allclose(
        np.linalg.norm(inverse, axis=1), truth["reml"]["se_mean"], rtol=1e-8
    )
    assert np.all(errors <= fit.predict_dist(X, kind="mean").std() * (1 + 1e-12))


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3))
    y = X.sum(axis=1) + np.exp(0.4 * X[:, 0]) * rng.standard_normal(200)
    return X, y


def test_names_and_table(rows):
    X, y = rows
    fit = GaussianMLRegressor(noise="log-linear", noise_columns=[2, 0]).fit(X, y)
    names = ("intercept", "x0", "x1", "x2")
    noise = ("log sigma: intercept", "log sigma: x2", "log sigma: x0")
    assert fit.parameter_names() == names + noise
    assert fit.coef_covariance().shape == (7, 7)
    text = str(fit.summary())
    assert "log-linear noise" in text
    assert "log sigma: x0" in text
    assert "R^2" not in text
    test = fit.wald_test(["log sigma: x2", "log sigma: x0"])
    assert test.degrees_of_freedom == (2,)
    assert test.pvalue < 1e-4


def test_several_targets(rows):
    X, y = rows
    Y = np.column_stack([y, y + X[:, 1]])
    fit = GaussianMLRegressor(noise="log-linear").fit(X, Y)
    alone = GaussianMLRegressor(noise="log-linear").fit(X, y)
    np.testing.assert_allclose(fit.conf_int()[0], alone.conf_int(), rtol=1e-8)
    for kind in ("predictive", "mean"):
        both = fit.predict_dist(X, kind=kind).std()
        np.testing.assert_allclose(
            both[:, 0], alone.predict_dist(X, kind=kind).std(), rtol=1e-9
        )
    assert fit.leverage(X).shape == Y.shape


def test_nothing_is_said_of_directions_without_data(rows):
    X, y = rows
    double = np.column_stack([X, X[:, 0]])
    with pytest.warns(RankDeficiencyWarning):
        fit = GaussianMLRegressor(noise="log-linear").fit(double, y)
    alone = GaussianMLRegressor(noise="log-linear").fit(X, y)
    known = np.sqrt(np.diagonal(fit.coef_covariance()))
    lost = np.array([0, 1, 0, 0, 1, 0, 1, 0, 0, 1], dtype=bool)
    np.testing.assert_array_equal(np.isnan(known), lost)
    exact = np.sqrt(np.diagonal(alone.coef_covariance()))
    np.testing.assert_allclose(known[~lost], exact[[0, 2, 3, 4, 6, 7]], rtol=1e-8)
    # What the rows say of predictions is not lost.
    np.testing.assert_allclose(
        fit.predict_dist(double, kind="mean").std(),
        alone.predict_dist(X, kind="mean").std(),
        rtol=1e-8,
    )
    assert "not identified" in str(fit.summary())


def test_a_prior_makes_the_table_a_posterior(rows):
    fit = GaussianMLRegressor(noise="log-linear", noise_alpha=2.0).fit(*rows)
    assert "Posterior" in str(fit.summary())
    with pytest.raises(ValueError, match="kind='information' is not available"):
        fit.coef_covariance("information")


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (lambda fit, X, y: fit.conf_int(method="profile"), "maximise over the rows"),
        (lambda fit, X, y: fit.sigma_conf_int(), "sigma is no parameter"),
        (lambda fit, X, y: fit.coef_covariance("HC3", X, y), "kind='HC3' is not"),
        (lambda fit, X, y: fit.influence(X, y), "those of least squares"),
        (
            lambda fit, X, y: likelihood_ratio_test(
                GaussianMLRegressor().fit(X, y),
                GaussianMLRegressor(noise="log-linear", noise_alpha=1.0).fit(X, y),
            ),
            "noise_alpha=1.0",
        ),
    ],
)
def test_errors(rows, question, message):
    fit = GaussianMLRegressor(noise="log-linear").fit(*rows)
    with pytest.raises(ValueError, match=message):
        question(fit, *rows)


def one_hot():
    """Three levels and an intercept, and a column that has nothing to do with them."""
    rng = np.random.default_rng(0)
    level = rng.integers(0, 3, 120)
    X = np.column_stack([np.eye(3)[level], rng.standard_normal(120)])
    y = level + X[:, 3] + np.exp(0.5 * X[:, 0]) * rng.standard_normal(120)
    return X, y


@pytest.mark.filterwarnings("ignore::sklearn_gml.RankDeficiencyWarning")
@pytest.mark.parametrize("noise", ["constant", "log-linear"])
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_rows_are_known_where_the_data_speak_of_them(noise, unit):
    X, y = one_hot()
    X[:, 3] *= unit
    fit = GaussianMLRegressor(noise=noise).fit(X, y)
    # Without its redundant column the model says the same of rows like those seen.
    full = GaussianMLRegressor(noise=noise).fit(X[:, 1:], y)
    for kind in ("mean", "predictive"):
        np.testing.assert_allclose(
            fit.predict_dist(X, kind=kind).std(),
            full.predict_dist(X[:, 1:], kind=kind).std(),
            rtol=1e-7,
        )
    np.testing.assert_allclose(fit.leverage(X), full.leverage(X[:, 1:]), rtol=1e-7)
    elsewhere = [[1.0, 1.0, 0.0, 0.0]]
    assert np.isnan(fit.predict_dist(elsewhere, kind="mean").std())
    assert np.isnan(fit.leverage(elsewhere))


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_priors_know_what_the_data_do_not(fit_intercept):
    """Against minus the Hessian of J itself, by differences."""
    X, y = one_hot()
    fit = GaussianMLRegressor(
        noise="log-linear", alpha=1.0, noise_alpha=2.0, fit_intercept=fit_intercept
    ).fit(X, y)
    best = np.concatenate(
        [[fit.intercept_], fit.coef_, [fit.noise_intercept_], fit.noise_coef_]
    )
    free = np.ones(len(best), dtype=bool)
    free[0] = fit_intercept

    def objective(change):
        moved = best.copy()
        moved[free] += change
        log_sigma = moved[5] + X @ moved[6:]
        value = np.sum(
            stats.norm(moved[0] + X @ moved[1:5], np.exp(log_sigma)).logpdf(y)
        )
        value -= 0.5 * moved[1:5] @ moved[1:5] / np.exp(2.0 * log_sigma.mean())
        return value - moved[6:] @ moved[6:]

    steps = 1e-3 * np.eye(free.sum())
    hessian = [
        [
            objective(a + b) - objective(a - b) - objective(b - a) + objective(-a - b)
            for a in steps
        ]
        for b in steps
    ]
    expected = np.linalg.inv(-np.array(hessian) / 4e-6)
    # Differences of 1e-3 leave five digits.
    np.testing.assert_allclose(
        fit.coef_covariance(), expected, atol=1e-4 * np.abs(expected).max()
    )


def test_the_fit_is_asked_not_what_was_set_since(rows):
    fit = GaussianMLRegressor(noise="log-linear").fit(*rows)
    before = str(fit.summary())
    fit.set_params(method="reml", alpha=3.0, fit_intercept=False, positive=True)
    assert str(fit.summary()) == before
