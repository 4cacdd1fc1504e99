"""Targets known in part: against R, interface, laws, no maximum."""

import pickle
import warnings
from copy import copy

import numpy as np
import pytest
import reference_fits as reference
from scipy import sparse
from scipy.special import log_ndtr
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gml import (
    DegenerateFitWarning,
    GaussianMLRegressor,
    likelihood_ratio_test,
    predict_dist,
)
from sklearn_gml._data.limits import UNLIMITED, checked_pair
from sklearn_gml._distributions.recorded import Recorded
from sklearn_gml.metrics import loglik_score, loglik_scorer, neg_crps_scorer, pit_values

CASES = reference.names("tobit")


def reference_case(name):
    case = reference.load(name)
    model = case["model"]
    X = reference.columns(case, model["mean_terms"])
    y = np.asarray(case["columns"][model["y"]], float)
    lower, upper = (
        np.array([side * np.inf if v is None else v for v in case["columns"][key]])
        for key, side in (("lower", -1), ("upper", 1))
    )
    terms = [term for term in model["mean_terms"] if term != "(Intercept)"]
    drive = [terms.index(t) for t in model["logsd_terms"] if t != "(Intercept)"]
    noise = {"noise": "log-linear", "noise_columns": drive} if drive else {}
    return case, X, y, lower, upper, noise


def errors_of(model):
    return np.sqrt(np.diagonal(model.coef_covariance()))


def parameters_of(model):
    noise = getattr(model, "noise_intercept_", np.log(model.sigma_))
    return np.concatenate(
        [
            [model.intercept_],
            model.coef_,
            [noise],
            getattr(model, "noise_coef_", []),
        ]
    )


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
def test_fits_agree_with_r(name, scale):
    """From y in any units, and the first column in thousandths or in millions."""
    case, X, y, lower, upper, noise = reference_case(name)
    truth = case["truth"]
    X = X * np.append(scale, np.ones(X.shape[1] - 1))
    model = GaussianMLRegressor(**noise).fit(
        X, y * scale, y_lower=lower * scale, y_upper=upper * scale
    )
    expected = np.append(truth["coef_mean"], truth["coef_logsd"])
    errors = np.append(*truth["se_observed"].values())
    split, back = len(truth["coef_mean"]), np.ones(len(expected))
    back[:split] /= scale
    back[1] *= scale
    found = parameters_of(model) * back
    found[split] -= np.log(scale)
    np.testing.assert_allclose((found - expected) / errors, 0.0, atol=1e-9)
    assert reference.digits(errors_of(model) * back, errors) > 9
    observed = truth["counts"]["observed"]
    loglik = model.loglik_ + observed * np.log(scale)
    assert reference.digits(loglik, truth["loglik"]) > 12
    assert model.n_iter_ <= 8
    if scale == 1.0:
        assert reference.digits(model.aic_, truth["aic"]) > 12
        assert reference.digits(model.bic_, truth["bic"]) > 12


@pytest.mark.parametrize("name", [n for n in CASES if "affairs" in n or "tobin" in n])
def test_predictions_agree_with_r(name):
    case, X, y, lower, upper, noise = reference_case(name)
    terms, truth = case["model"]["mean_terms"][1:], case["truth"]["predict"]
    new = np.column_stack([case["newdata"][term] for term in terms])
    limits = (case["model"].get("left"), case["model"].get("right"))
    model = GaussianMLRegressor(censoring=limits, **noise).fit(X, y)
    by_row = GaussianMLRegressor(**noise).fit(X, y, y_lower=lower, y_upper=upper)
    np.testing.assert_allclose(parameters_of(model), parameters_of(by_row), rtol=1e-13)
    assert model.loglik_ == by_row.loglik_
    recorded = model.predict_dist(new, kind="recorded")
    low, high = recorded.limit_probabilities()
    latent = model.predict_dist(new, kind="plugin")
    for found, key in (
        (model.predict(new), "latent_mean"),
        (latent.std(), "latent_sd"),
        (model.predict_dist(new, kind="mean").std(), "se_latent_mean"),
        (low, "prob_left"),
        (recorded.mean(), "mean_censored"),
    ):
        assert reference.digits(found, truth[key]) > 9, key
    if limits[1] is not None:
        assert reference.digits(high, truth["prob_right"]) > 9
    seen = Recorded(latent.mean(), latent.std(), UNLIMITED, checked_pair("", limits))
    assert reference.digits(seen.mean(), truth["mean_truncated"]) > 9


def affairs():
    _, X, y, *_ = reference_case("tobit_affairs_left")
    return X, y


def made(seed=0, n=300, p=2, varies=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    sigma = np.exp(0.3 * X[:, 0]) if varies else 1.0
    return X, 1.0 + X @ np.arange(1.0, p + 1) + sigma * rng.normal(size=n)


def test_slopes_of_affairs_by_likelihood_ratio_and_wald():
    X, y = affairs()
    truth = reference.load("tobit_affairs_left")["truth"]
    full = GaussianMLRegressor(censoring=(0, None)).fit(X, y)
    small = GaussianMLRegressor(censoring=(0, None)).fit(X[:, 1:], y)
    varying = GaussianMLRegressor(
        censoring=(0, None), noise="log-linear", noise_columns=[1, 4]
    ).fit(X, y)
    hetero = reference.load("tobit_hetero_affairs")["truth"]
    test = likelihood_ratio_test(full, varying)
    assert test.statistic == pytest.approx(2 * (hetero["loglik"] - truth["loglik"]))
    assert test.degrees_of_freedom == (2,)
    wald = full.wald_test(["x0"])
    ratio = (truth["coef_mean"][1] / truth["se_observed"]["mean"][1]) ** 2
    assert wald.statistic == pytest.approx(ratio, rel=1e-9)
    assert likelihood_ratio_test(small, full).statistic == pytest.approx(ratio, rel=0.1)
    with pytest.raises(ValueError, match="censoring"):
        likelihood_ratio_test(GaussianMLRegressor().fit(X[:, 1:], y), full)


def test_log_sigma_has_its_standard_error_and_sigma_its_interval():
    X, y = affairs()
    truth = reference.load("tobit_affairs_left")["truth"]
    model = GaussianMLRegressor(censoring=(0, None)).fit(X, y)
    assert model.parameter_names()[-1] == "log sigma: intercept"
    error = truth["se_observed"]["logsd"][0]
    low, high = model.sigma_conf_int()
    assert np.log(high / low) == pytest.approx(2 * 1.959963984540054 * error, rel=1e-9)
    assert np.sqrt(low * high) == pytest.approx(truth["sigma"], rel=1e-12)
    text = str(model.summary())
    assert "150 observed, 451 left-censored" in text
    assert "constant noise, censored y" in text


@pytest.mark.parametrize("noise", ["constant", "log-linear"])
@pytest.mark.parametrize("method", ["ml", "reml"])
def test_limits_that_no_row_reaches_change_nothing(noise, method):
    X, y = made(varies=True)
    plain = GaussianMLRegressor(noise=noise, method=method).fit(X, y)
    limits = GaussianMLRegressor(
        noise=noise, method=method, censoring=(y.min() - 1, y.max() + 1)
    ).fit(X, y, y_lower=y, y_upper=y)
    np.testing.assert_allclose(limits.coef_, plain.coef_, rtol=1e-12)
    assert limits.sigma_ == pytest.approx(plain.sigma_, rel=1e-12)
    assert limits.loglik_ == pytest.approx(plain.loglik_, rel=1e-12)
    np.testing.assert_allclose(errors_of(limits), errors_of(plain), rtol=1e-12)


@pytest.mark.parametrize("noise", ["constant", "log-linear"])
def test_one_distant_limit_hardly_changes_the_fit(noise):
    """One row is known within 1e-9 sigma, and the others exactly."""
    X, y = made(varies=True)
    plain = GaussianMLRegressor(noise=noise).fit(X, y)
    lower, upper = y.copy(), y.copy()
    lower[7] -= 0.5e-9
    upper[7] += 0.5e-9
    near = GaussianMLRegressor(noise=noise).fit(X, y, y_lower=lower, y_upper=upper)
    np.testing.assert_allclose(near.coef_, plain.coef_, rtol=1e-8)
    assert near.sigma_ == pytest.approx(plain.sigma_, rel=1e-8)
    density = plain.loglik_samples(X, y)[7]
    width = upper[7] - lower[7]
    assert near.loglik_ - np.log(width) == pytest.approx(plain.loglik_, rel=1e-8)
    assert near.loglik_samples(X, y, y_lower=lower, y_upper=upper)[7] == pytest.approx(
        density + np.log(width), rel=1e-8
    )


VARIANTS = [
    {"censoring": (0.5, None)},
    {"censoring": (None, 2.0), "noise": "log-linear"},
    {"censoring": (0, 3), "alpha": 2.0, "noise": "log-linear", "noise_alpha": 3.0},
    {"truncation": (-1, None)},
    {"truncation": (-1, None), "censoring": (None, 2.0), "noise": "log-linear"},
    {"censoring": (0, 3), "fit_intercept": False},
]


def seen(X, y, model):
    low, high = checked_pair("truncation", model.truncation)
    kept = (y >= low) & (y <= high)
    return X[kept], y[kept]


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_laws(settings):
    model = GaussianMLRegressor(**settings)
    X, y = seen(*made(3, varies=True), model)
    fit = clone(model).fit(X, y)
    # The alarm bell.
    samples = fit.loglik_samples(X, y)
    assert fit.loglik_ == pytest.approx(fit.score_loglik(X, y), rel=1e-12)
    assert fit.score_loglik(X, y) == pytest.approx(samples.sum(), rel=1e-14)
    recorded = fit.predict_dist(X, kind="recorded")
    np.testing.assert_allclose(recorded.logpdf(y), samples, rtol=1e-11, atol=1e-13)
    assert loglik_score(y, recorded) == pytest.approx(samples.mean(), rel=1e-12)
    # Weights are repetitions, and rows of weight zero are not there.
    weight = np.random.default_rng(0).integers(0, 4, size=len(y))
    weighted = clone(model).fit(X, y, sample_weight=weight)
    repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-9)
    assert weighted.loglik_ == pytest.approx(repeated.loglik_, rel=1e-12)
    np.testing.assert_allclose(errors_of(weighted), errors_of(repeated), rtol=1e-8)
    assert str(weighted.summary()) == str(repeated.summary())
    # Units of y.
    limits = {
        name: tuple(None if v is None else 1000 * v for v in settings[name])
        for name in ("censoring", "truncation")
        if name in settings
    }
    scaled = clone(model).set_params(**limits).fit(X, 1000 * y)
    np.testing.assert_allclose(scaled.coef_, 1000 * fit.coef_, rtol=1e-9)
    observed = fit._fit.counts[0].observed
    assert scaled.loglik_ == pytest.approx(fit.loglik_ - observed * np.log(1000))
    # Order, and formats of X.
    order = np.random.default_rng(1).permutation(len(y))
    again = clone(model).fit(X[order], y[order])
    np.testing.assert_allclose(again.coef_, fit.coef_, rtol=1e-9)
    thin = clone(model).fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(thin.coef_, fit.coef_, rtol=1e-9)
    copy = pickle.loads(pickle.dumps(fit))
    np.testing.assert_array_equal(copy.loglik_samples(X, y), samples)


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_several_targets_are_fitted_each(settings):
    model = GaussianMLRegressor(**settings)
    X, y = seen(*made(4, varies=True), model)
    low, high = checked_pair("truncation", model.truncation)
    other = np.clip(y[::-1] + 0.3, low, high)
    both = clone(model).fit(X, np.column_stack([y, other]))
    single = [clone(model).fit(X, target) for target in (y, other)]
    for target, fit in enumerate(single):
        np.testing.assert_allclose(both.coef_[target], fit.coef_, rtol=1e-9)
        assert both.sigma_[target] == pytest.approx(fit.sigma_, rel=1e-9)
    assert both.loglik_ == pytest.approx(sum(fit.loglik_ for fit in single), rel=1e-12)
    recorded = both.predict_dist(X, kind="recorded")
    assert recorded.mean().shape == (len(y), 2)
    assert "censored" in str(both.summary()) or "truncated" in str(both.summary())


def test_noise_scale_is_that_of_the_rows():
    """Rows of scale two are rows of which everything is divided by two."""
    X, y = made(5)
    scale = np.where(np.arange(len(y)) % 3 == 0, 2.0, 0.5)
    lower = np.where(y < 0.5, -np.inf, y)
    upper = np.where(y < 0.5, 0.5, y)
    fit = GaussianMLRegressor(fit_intercept=False).fit(
        np.column_stack([np.ones(len(y)), X]),
        y,
        noise_scale=scale,
        y_lower=lower,
        y_upper=upper,
    )
    divided = GaussianMLRegressor(fit_intercept=False).fit(
        np.column_stack([np.ones(len(y)), X]) / scale[:, None],
        y / scale,
        y_lower=lower / scale,
        y_upper=upper / scale,
    )
    np.testing.assert_allclose(fit.coef_, divided.coef_, rtol=1e-10)
    assert fit.sigma_ == pytest.approx(divided.sigma_, rel=1e-10)
    observed = lower == upper
    assert fit.loglik_ == pytest.approx(
        divided.loglik_ - np.log(scale[observed]).sum(), rel=1e-12
    )
    assert fit.loglik_ == pytest.approx(
        fit.score_loglik(
            np.column_stack([np.ones(len(y)), X]),
            y,
            noise_scale=scale,
            y_lower=lower,
            y_upper=upper,
        ),
        rel=1e-12,
    )


def test_prior_is_that_of_extra_rows():
    """b ~ N(0, sigma^2 / alpha): rows sqrt(alpha) e_j with y = 0 but no sigma of their
    own, so that the coefficients given sigma are those of a ridge penalty."""
    X, y = made(6)
    model = GaussianMLRegressor(censoring=(0, None), alpha=5.0).fit(X, y)
    fit = model._fit.estimates[0]

    def value(coef, intercept, sigma):
        z = np.where(y > 0, (y - intercept - X @ coef) / sigma, 0.0)
        density = -0.5 * z**2 - np.log(sigma) - 0.5 * np.log(2 * np.pi)
        below = log_ndtr(-(intercept + X @ coef) / sigma)
        prior = 2.5 * coef @ coef / sigma**2
        return np.where(y > 0, density, below).sum() - prior

    best = value(model.coef_, model.intercept_, model.sigma_)
    assert fit.loglik == pytest.approx(model.score_loglik(X, y), rel=1e-12)
    at = model.coef_, model.intercept_, model.sigma_
    for step in (1e-3, -1e-3):
        for move in np.eye(2) * step:
            assert value(at[0] + move, *at[1:]) < best
        assert value(at[0], at[1] + step, at[2]) < best
        assert value(*at[:2], at[2] * (1 + step)) < best
    assert model.summary().notes[0].startswith("Posterior")


def test_searches_pipelines_and_scorers_honour_censoring():
    X, y = made(7)
    y = np.maximum(y, 0.5)
    pipeline = make_pipeline(
        StandardScaler(), GaussianMLRegressor(censoring=(0.5, None))
    )
    search = GridSearchCV(
        pipeline, {"gaussianmlregressor__alpha": [0.0, 1.0]}, scoring=loglik_scorer
    ).fit(X, y)
    fit = search.best_estimator_
    expected = fit[-1].score_loglik(fit[:-1].transform(X), y, normalize=True)
    assert loglik_scorer(fit, X, y) == pytest.approx(expected, rel=1e-12)
    recorded = predict_dist(fit, X, kind="recorded")
    assert loglik_score(y, recorded) == pytest.approx(expected, rel=1e-12)
    assert neg_crps_scorer(fit, X, y) == pytest.approx(-recorded.crps(y).mean())
    latent = cross_val_score(GaussianMLRegressor(), X, y, scoring=loglik_scorer)
    known = cross_val_score(pipeline, X, y, scoring=loglik_scorer)
    assert known.mean() > latent.mean()
    lower, upper = np.where(y > 0.5, y, -np.inf), y
    assert loglik_scorer(
        GaussianMLRegressor().fit(X, y, y_lower=lower, y_upper=upper),
        X,
        y,
        y_lower=lower,
        y_upper=upper,
        kind="plugin",
    ) == pytest.approx(
        GaussianMLRegressor(censoring=(0.5, None)).fit(X, y).loglik_ / len(y)
    )
    with pytest.raises(ValueError, match="crps_loss is not defined"):
        neg_crps_scorer(fit, X, y, y_lower=lower, y_upper=upper)


def test_randomised_pit_values_are_uniform_at_the_limit():
    X, y = made(8, n=4000)
    y = np.clip(y, 0.5, 2.0)
    model = GaussianMLRegressor(censoring=(0.5, 2.0)).fit(X, y)
    values = pit_values(y, model.predict_dist(X, kind="recorded"))
    heights, _ = np.histogram(values, 10, (0, 1))
    assert np.abs(heights - 400).max() < 4 * np.sqrt(360)
    again = pit_values(y, model.predict_dist(X, kind="recorded"))
    np.testing.assert_array_equal(values, again)
    other = pit_values(y, model.predict_dist(X, kind="recorded"), random_state=1)
    assert np.any(other != values)


def fit_with_warning(
    match, X, y, category=DegenerateFitWarning, limits=None, **settings
):
    with pytest.warns(category, match=match):
        model = GaussianMLRegressor(**settings).fit(X, y, **(limits or {}))
    assert np.isfinite(model.loglik_)
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.sigma_)
    assert model.sigma_ > 0
    str(model.summary())
    assert np.isnan(errors_of(model)).all()
    return model


def test_likelihoods_without_a_maximum_are_recognised():
    X, y = made(9, n=200)
    fit_with_warning("same side", X, np.zeros(200), censoring=(0, None))
    group = (np.arange(200) % 5 == 0).astype(float)
    Z = np.column_stack([X, group])
    hidden = np.where(group > 0, -20.0, y)
    fit_with_warning("column 2 runs away.*alpha > 0", Z, hidden, censoring=(-10, None))
    fit_with_warning(
        "column 2 runs away", Z, -hidden, censoring=(None, 10), noise="log-linear"
    )
    signs = {
        "y_lower": np.where(y > 0, 0.0, -np.inf),
        "y_upper": np.where(y > 0, np.inf, 0.0),
    }
    fit_with_warning("do not determine the scale", X, y, limits=signs)
    fit_with_warning(
        "reproduced to the last digit", X, X @ [1.0, 2.0], censoring=(0, None)
    )
    few = np.where(np.arange(200) < 2, 1.0, 0.0)
    fit_with_warning("last digit", np.column_stack([X, few]), few, censoring=(0, None))


@pytest.mark.parametrize("noise", ["constant", "log-linear"])
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_sigma_that_grows_between_two_limits_is_recognised(noise, unit):
    """More rows at both ends than in the middle: no normal density is so."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 1)), unit * rng.beta(0.5, 0.5, size=200)
    fit_with_warning("shows no peak", X, y, truncation=(0.0, unit), noise=noise)


def test_a_prior_or_an_observed_row_gives_a_maximum():
    X, y = made(9, n=200)
    group = (np.arange(200) % 5 == 0).astype(float)
    Z, hidden = np.column_stack([X, group]), np.where(group > 0, -20.0, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GaussianMLRegressor(censoring=(-10, None), alpha=0.1).fit(Z, hidden)
        hidden[0] = -5.0
        GaussianMLRegressor(censoring=(-10, None)).fit(Z, hidden)


@pytest.mark.parametrize(
    ("parameters", "limits", "message"),
    [
        ({"censoring": (1, 0)}, {}, "censoring=.1, 0.: the first limit"),
        ({"censoring": ("a", 0)}, {}, "censoring must be None or a pair"),
        ({"truncation": (0, 1, 2)}, {}, "truncation must be None or a pair"),
        ({"truncation": (0.5, None)}, {}, "no row outside is seen"),
        ({"censoring": (0, None), "method": "reml"}, {}, "method='reml'"),
        ({"censoring": (0, None), "positive": True}, {}, "positive=True"),
        ({}, {"y_lower": 0.0}, "y_upper is missing"),
        ({}, {"y_lower": 1.0, "y_upper": 0.0}, "y_lower must not be above"),
        ({}, {"y_lower": np.nan, "y_upper": 0.0}, "y_lower contains NaN"),
    ],
)
def test_errors_name_what_is_wrong(parameters, limits, message):
    X, y = made(10)
    limits = {name: np.full(len(y), value) for name, value in limits.items()}
    model = GaussianMLRegressor(**parameters)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, **limits)
    assert vars(model) == before


def test_what_is_absent_says_so():
    X, y = made(11)
    model = GaussianMLRegressor(censoring=(0, None))
    assert not hasattr(model, "partial_fit")
    statistics = GaussianMLRegressor().fit(X, y).statistics_
    with pytest.raises(ValueError, match="fit_statistics needs censoring=None"):
        model.fit_statistics(statistics)
    model.fit(X, y)
    for call in (
        lambda: model.leverage(X),
        lambda: model.influence(X, y),
        lambda: model.conf_int(method="profile"),
        lambda: model.coef_covariance("HC3", X, y),
    ):
        with pytest.raises(ValueError, match="known in part"):
            call()


def test_coefficients_are_not_those_of_least_squares():
    """Half the rows are censored: least squares is biased by a third, this is not."""
    X, y = made(12, n=20000)
    limit = np.median(y)
    model = GaussianMLRegressor(censoring=(limit, None)).fit(X, y)
    np.testing.assert_allclose(model.coef_, [1.0, 2.0], atol=0.05)
    least = LinearRegression().fit(X, np.maximum(y, limit)).coef_
    assert np.all(least < 0.7 * np.array([1.0, 2.0]))


def test_no_convergence_is_said():
    X, y = made(13)
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        GaussianMLRegressor(censoring=(1, None), max_iter=1).fit(X, y)


def test_rows_of_weight_zero_may_hold_anything():
    X, y = made(14)
    weight = np.ones(len(y))
    weight[::7] = 0.0
    kept = weight > 0
    bad_X, bad_y = X.copy(), y.copy()
    bad_X[~kept], bad_y[~kept] = 1e300, np.nan
    limits = {
        "y_lower": np.where(bad_y < 0.5, -np.inf, bad_y),
        "y_upper": np.where(bad_y < 0.5, 0.5, bad_y),
    }
    for bound in limits.values():
        bound[~kept] = 0.0
    limits["y_upper"][~kept] = 1.0
    expected = GaussianMLRegressor(censoring=(0.5, None)).fit(X[kept], y[kept])
    for settings, given in (({"censoring": (0.5, None)}, {}), ({}, limits)):
        model = GaussianMLRegressor(**settings)
        fit = model.fit(bad_X, bad_y, sample_weight=weight, **given)
        np.testing.assert_allclose(fit.coef_, expected.coef_, rtol=1e-9)
        loglik = fit.score_loglik(bad_X, bad_y, weight, **given)
        assert loglik == pytest.approx(expected.loglik_, rel=1e-10)


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_weights_of_any_scale_give_the_same_coefficients(unit):
    X, y = made(15)
    one = GaussianMLRegressor(censoring=(0.5, None)).fit(X, y)
    scaled = GaussianMLRegressor(censoring=(0.5, None)).fit(
        X, y, sample_weight=np.full(len(y), unit)
    )
    np.testing.assert_allclose(scaled.coef_, one.coef_, rtol=1e-6)
    assert scaled.loglik_ == pytest.approx(unit * one.loglik_, rel=1e-9)


def test_limits_of_rows_are_routed():
    """Through a pipeline and a search, in the fit and in the score of each fold."""
    X, y = made(16)
    limits = {
        "y_lower": np.where(y < 0.5, -np.inf, y),
        "y_upper": np.where(y < 0.5, 0.5, y),
    }
    asked = dict.fromkeys(limits, True)
    with config_context(enable_metadata_routing=True):
        regressor = GaussianMLRegressor(predict_kind="plugin")
        regressor.set_fit_request(**asked)
        scorer = copy(loglik_scorer).set_score_request(**asked)
        search = GridSearchCV(
            make_pipeline(StandardScaler(), regressor),
            {"gaussianmlregressor__alpha": [0.0, 2.0]},
            scoring=scorer,
        ).fit(X, y, **limits)
        fixed = GridSearchCV(
            make_pipeline(StandardScaler(), GaussianMLRegressor(censoring=(0.5, None))),
            {"gaussianmlregressor__alpha": [0.0, 2.0]},
            scoring=loglik_scorer,
        ).fit(X, y)
    best = search.best_estimator_[-1]
    np.testing.assert_allclose(best.coef_, fixed.best_estimator_[-1].coef_, rtol=1e-9)
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"],
        fixed.cv_results_["mean_test_score"],
        rtol=1e-9,
    )
