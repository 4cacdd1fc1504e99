"""Scores of distributions, and scorers in scikit-learn's model selection."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.exceptions import UndefinedMetricWarning, UnsetMetadataPassedError
from sklearn.linear_model import BayesianRidge
from sklearn.metrics import get_scorer, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.metadata_routing import get_routing_for_object

from sklearn_gml import GaussianMLRegressor, predict_dist
from sklearn_gml._distributions.transformed import inverse_transformed
from sklearn_gml.metrics import (
    crps_loss,
    d2_loglik_score,
    d2_loglik_scorer,
    interval_coverage_score,
    interval_width,
    loglik_score,
    loglik_scorer,
    neg_crps_scorer,
    pit_values,
)
from sklearn_gml.metrics.crps import crps_by_quadrature

X, Y = load_diabetes(return_X_y=True)
RNG = np.random.default_rng(0)
HOUSES = Path(__file__).parents[2] / "examples" / "data" / "house_prices.csv"

# Of every closed form, with outcomes in the middle and far out.
OUTCOMES = np.array([-40.0, -2.0, -0.3, 0.0, 0.5, 1.0, 3.0, 60.0, 1e6])
CLOSED = {
    "norm": (stats.norm(0.4, 1.7), "crps_normal", (0.4, 1.7)),
    "t 1.5": (stats.t(1.5, 0.4, 1.7), "crps_t", (1.5, 0.4, 1.7)),
    "t 5": (stats.t(5.0, 0.4, 1.7), "crps_t", (5.0, 0.4, 1.7)),
    "t 534": (stats.t(534.0, 0.4, 1.7), "crps_t", (534.0, 0.4, 1.7)),
    "lognorm": (stats.lognorm(0.6, scale=np.exp(0.4)), "crps_lognormal", (0.4, 0.6)),
}


@pytest.mark.parametrize("name", CLOSED)
def test_crps_equals_scoringrules(name):
    scoringrules = pytest.importorskip("scoringrules")
    distribution, function, parameters = CLOSED[name]
    for y in OUTCOMES:
        if name == "lognorm" and y <= 0:  # where theirs takes a logarithm
            continue
        expected = getattr(scoringrules, function)(y, *parameters)
        assert crps_loss([y], distribution) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_equal_the_quadrature(name):
    distribution = CLOSED[name][0]
    # The tails of t(1.5), integrated to infinity, cost the quadrature a digit.
    closed = [crps_loss([y], distribution) for y in OUTCOMES]
    np.testing.assert_allclose(
        closed, crps_by_quadrature(OUTCOMES, distribution), rtol=1e-8
    )


def crps_by_definition(y, distribution):
    options = {"epsabs": 1e-12, "limit": 500}
    low, high = distribution.support()
    with np.errstate(over="ignore"):  # of scipy's gumbel_r, on the way to zero
        below, _ = integrate.quad(lambda x: distribution.cdf(x) ** 2, low, y, **options)
        above, _ = integrate.quad(lambda x: distribution.sf(x) ** 2, y, high, **options)
    return below + above


@pytest.mark.parametrize(
    "distribution",
    [
        stats.gamma(2.5, scale=1.3),
        stats.beta(2.0, 5.0),
        stats.gumbel_r(1.0, 2.0),
        stats.laplace(0.5, 1.5),
        stats.uniform(-1.0, 3.0),
        stats.logistic(0.3, 0.7),
        stats.cauchy(0.1, 0.5),
        stats.t(0.8),
    ],
    ids=lambda d: d.dist.name,
)
def test_crps_of_other_distributions(distribution):
    for q in (0.02, 0.3, 0.5, 0.9):
        y = distribution.ppf(q)
        expected = crps_by_definition(y, distribution)
        assert crps_loss([y], distribution) == pytest.approx(expected, rel=1e-6)


def test_crps_of_rows_of_a_transformed_target():
    loc = np.linspace(0.5, 2.0, 7)
    hidden = FunctionTransformer(lambda y: np.log(y), lambda z: np.exp(z))
    numerical = inverse_transformed(stats.norm(loc, 0.4), hidden)
    expected = stats.lognorm(0.4, scale=np.exp(loc))
    y = np.exp(loc[::-1])
    assert crps_loss(y, numerical) == pytest.approx(crps_loss(y, expected), rel=1e-9)


def test_crps_without_a_limit_is_infinite():
    hidden = FunctionTransformer(np.log, np.exp)
    assert crps_loss([2.0], inverse_transformed(stats.t(5), hidden)) == np.inf


@pytest.mark.parametrize("y", [-1e8, -40.0, 40.0, 1e8])
def test_far_tails_stay_finite(y):
    for distribution in (stats.norm(), stats.t(5), stats.gumbel_r(), stats.logistic()):
        # From far away a distribution is a point at its mean or median.
        distance = abs(y - distribution.mean())
        assert crps_loss([y], distribution) == pytest.approx(distance, rel=0.05)
    assert np.isfinite(loglik_score([y], stats.norm()))


def test_scores_by_hand():
    distribution = stats.norm([0.0, 1.0, 2.0], [1.0, 2.0, 0.5])
    y, weight = [0.3, -1.0, 2.0], [1.0, 2.0, 3.0]
    density = distribution.logpdf(y)
    assert loglik_score(y, distribution) == pytest.approx(density.mean())
    assert loglik_score(y, distribution, sample_weight=weight) == pytest.approx(
        density @ weight / 6.0
    )
    np.testing.assert_array_equal(pit_values(y, distribution), distribution.cdf(y))
    assert interval_coverage_score(y, distribution, 0.5) == pytest.approx(2 / 3)
    assert interval_coverage_score(
        y, distribution, 0.5, sample_weight=weight
    ) == pytest.approx(4 / 6)
    # 1.349 is the interquartile range of the standard normal.
    iqr = 2 * stats.norm.isf(0.25)
    assert interval_width(y, distribution, 0.5) == pytest.approx(3.5 / 3 * iqr)
    assert interval_width(y, distribution, 0.5, sample_weight=weight) == pytest.approx(
        6.5 / 6 * iqr
    )


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_weights_are_repeated_rows(seed):
    rng = np.random.default_rng(seed)
    loc, y = rng.normal(size=(2, 6))
    weight = rng.integers(0, 4, 6)
    weight[0] = 1
    rows = np.repeat(np.arange(6), weight)
    one, many = stats.norm(loc, 1.3), stats.norm(loc[rows], 1.3)
    for score in (
        loglik_score,
        crps_loss,
        interval_coverage_score,
        interval_width,
        d2_loglik_score,
    ):
        if score is d2_loglik_score and np.ptp(y[rows]) == 0:
            continue
        assert score(y, one, sample_weight=weight) == pytest.approx(
            score(y[rows], many), rel=1e-10
        )


def test_several_targets():
    loc = RNG.normal(size=(5, 3))
    y = RNG.normal(size=(5, 3))
    distribution = stats.norm(loc, [1.0, 2.0, 3.0])
    columns = [(y[:, j], stats.norm(loc[:, j], j + 1.0)) for j in range(3)]
    for score, combine in (
        (loglik_score, np.sum),
        (crps_loss, np.mean),
        (interval_coverage_score, np.mean),
        (interval_width, np.mean),
    ):
        expected = combine([score(*column) for column in columns])
        assert score(y, distribution) == pytest.approx(expected)
    assert pit_values(y, distribution).shape == (5, 3)


def test_one_target_in_two_shapes():
    loc, y = RNG.normal(size=(2, 4))
    expected = loglik_score(y, stats.norm(loc, 1.0))
    assert loglik_score(y[:, None], stats.norm(loc, 1.0)) == expected
    assert loglik_score(y, stats.norm(loc[:, None], 1.0)) == expected


def test_d2_is_r2_on_the_training_rows():
    model = GaussianMLRegressor().fit(X, Y)
    assert d2_loglik_score(Y, model.predict_dist(X, kind="plugin")) == pytest.approx(
        r2_score(Y, model.predict(X)), abs=1e-12
    )


def test_d2_has_no_units_and_its_zero():
    model = GaussianMLRegressor().fit(X[:200], Y[:200])
    thousands = GaussianMLRegressor().fit(X[:200], Y[:200] / 1000.0)
    ours = d2_loglik_score(Y[200:], model.predict_dist(X[200:]))
    theirs = d2_loglik_score(Y[200:] / 1000.0, thousands.predict_dist(X[200:]))
    assert ours == pytest.approx(theirs, abs=1e-10)
    unconditional = stats.norm(Y.mean(), Y.std())
    assert d2_loglik_score(Y, unconditional) == pytest.approx(0.0, abs=1e-12)
    assert d2_loglik_score(Y, stats.norm(0.0, Y.std())) < 0
    with pytest.warns(UndefinedMetricWarning, match="does not vary"):
        assert np.isnan(d2_loglik_score([1.0, 1.0], unconditional))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1.0, 2.0], stats.norm([1.0, 2.0, 3.0])), ValueError, r"\(2,\).*\(3,\)"),
        ((np.ones((3, 1)), stats.norm(np.ones((1, 3)))), ValueError, "shape"),
        (([np.nan], stats.norm()), ValueError, "y_true contains NaN"),
        (([1.0], stats.norm), TypeError, "frozen scipy distribution"),
        (([1.0], np.array([1.0])), TypeError, "got ndarray"),
    ],
)
def test_bad_input(arguments, error, message):
    for score in (loglik_score, crps_loss, pit_values, d2_loglik_score):
        with pytest.raises(error, match=message):
            score(*arguments)


def test_bad_level_and_weights():
    with pytest.raises(ValueError, match=r"level must be between 0 and 1, got 90"):
        interval_coverage_score([1.0], stats.norm(), 90)
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        loglik_score([1.0, 2.0], stats.norm(), sample_weight=[1.0, -1.0])


# Scorers ------------------------------------------------------------------------------

SCORERS = {
    "loglik": (loglik_scorer, loglik_score, 1),
    "crps": (neg_crps_scorer, crps_loss, -1),
    "d2": (d2_loglik_scorer, d2_loglik_score, 1),
}


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.parametrize("name", SCORERS)
def test_scorer_is_the_score_of_the_predicted_distribution(name):
    scorer, score, sign = SCORERS[name]
    weight = RNG.uniform(0.5, 2.0, len(Y))
    for model in (
        GaussianMLRegressor(),
        make_pipeline(StandardScaler(), BayesianRidge()),
    ):
        model.fit(X, Y)
        distribution = predict_dist(model, X)
        assert scorer(model, X, Y) == sign * score(Y, distribution)
        expected = sign * score(Y, distribution, sample_weight=weight)
        assert scorer(model, X, Y, sample_weight=weight) == expected
        assert scorer(model, X, Y, weight) == expected


@pytest.mark.parametrize("name", SCORERS)
def test_cross_validation_with_one_scorer(name):
    scorer = SCORERS[name][0]
    values = cross_val_score(GaussianMLRegressor(), X, Y, scoring=scorer, cv=3)
    folds = cross_validate(
        GaussianMLRegressor(),
        X,
        Y,
        scoring=scorer,
        cv=3,
        return_estimator=True,
        return_indices=True,
    )
    np.testing.assert_array_equal(folds["test_score"], values)
    for model, test, value in zip(
        folds["estimator"], folds["indices"]["test"], values, strict=True
    ):
        assert scorer(model, X[test], Y[test]) == value


def test_cross_validation_with_a_dict_of_scorers_and_jobs():
    scoring = {name: scorer for name, (scorer, _, _) in SCORERS.items()}
    scoring["r2"] = "r2"
    together = cross_validate(
        GaussianMLRegressor(), X, Y, scoring=scoring, cv=3, n_jobs=2
    )
    for name, scorer in scoring.items():
        alone = cross_val_score(GaussianMLRegressor(), X, Y, scoring=scorer, cv=3)
        np.testing.assert_allclose(together[f"test_{name}"], alone, rtol=1e-12)


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("alone", [True, False])
def test_weights_are_routed_to_scorers_that_ask(alone):
    weight = RNG.integers(1, 4, len(Y)).astype(float)
    scorer = copy.deepcopy(loglik_scorer).set_score_request(sample_weight=True)
    model = GaussianMLRegressor(predict_kind="plugin").set_fit_request(
        sample_weight=True
    )
    folds = cross_validate(
        model,
        X,
        Y,
        scoring=scorer if alone else {"score": scorer, "again": scorer},
        params={"sample_weight": weight},
        cv=3,
        return_indices=True,
    )
    for train, test, value in zip(
        folds["indices"]["train"],
        folds["indices"]["test"],
        folds["test_score"],
        strict=True,
    ):
        fitted = GaussianMLRegressor().fit(X[train], Y[train], weight[train])
        expected = fitted.score_loglik(X[test], Y[test], weight[test], normalize=True)
        assert value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", SCORERS)
def test_scorer_of_known_noise(name):
    scorer, score, sign = SCORERS[name]
    scale = RNG.uniform(0.5, 2.0, len(Y))
    model = make_pipeline(StandardScaler(), GaussianMLRegressor()).fit(X, Y)
    distribution = predict_dist(model, X, noise_scale=scale)
    assert scorer(model, X, Y, noise_scale=scale) == sign * score(Y, distribution)


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("alone", [True, False])
def test_known_noise_is_routed_to_scorers_that_ask(alone):
    scale = RNG.uniform(0.5, 2.0, len(Y))
    scorer = copy.deepcopy(loglik_scorer).set_score_request(noise_scale="accuracy")
    model = GaussianMLRegressor(predict_kind="plugin").set_fit_request(
        noise_scale="accuracy"
    )
    folds = cross_validate(
        make_pipeline(StandardScaler(), model),
        X,
        Y,
        scoring=scorer if alone else {"score": scorer, "r2": "r2"},
        params={"accuracy": scale},
        cv=3,
        return_indices=True,
    )
    values = folds["test_score"]
    each = zip(folds["indices"]["train"], folds["indices"]["test"], values, strict=True)
    for train, test, value in each:
        fitted = GaussianMLRegressor().fit(X[train], Y[train], noise_scale=scale[train])
        expected = fitted.score_loglik(
            X[test], Y[test], noise_scale=scale[test], normalize=True
        )
        assert value == pytest.approx(expected, rel=1e-12)


@pytest.mark.skipif(
    not get_routing_for_object(get_scorer("r2")).score.requests,
    reason="this scikit-learn does not look at what its scorers could ask for",
)
@pytest.mark.usefixtures("routing")
def test_known_noise_that_nobody_asked_for_is_an_error():
    model = GaussianMLRegressor().set_fit_request(noise_scale=True)
    search = GridSearchCV(model, {"alpha": [0.1]}, scoring=loglik_scorer, cv=3)
    with pytest.raises(UnsetMetadataPassedError, match="noise_scale"):
        search.fit(X, Y, noise_scale=np.ones(len(Y)))


@pytest.mark.usefixtures("routing")
def test_a_scorer_does_not_get_weights_that_it_did_not_ask_for():
    weight = RNG.integers(1, 4, len(Y)).astype(float)
    scorer = copy.deepcopy(loglik_scorer).set_score_request(sample_weight=False)
    search = GridSearchCV(
        GaussianMLRegressor(predict_kind="plugin").set_fit_request(sample_weight=True),
        {"alpha": [0.1]},
        scoring=scorer,
        cv=3,
    ).fit(X, Y, sample_weight=weight)
    assert search.score(X, Y) == search.best_estimator_.score_loglik(
        X, Y, normalize=True
    )


def test_weights_in_search_without_routing():
    scorer = pickle.loads(pickle.dumps(loglik_scorer))
    search = GridSearchCV(GaussianMLRegressor(), {"alpha": [0.1, 1.0]}, scoring=scorer)
    search.fit(X, Y)
    assert search.score(X, Y) == loglik_scorer(search, X, Y)


@pytest.mark.parametrize("name", SCORERS)
def test_scorers_are_copied_and_named(name):
    scorer, score, sign = SCORERS[name]
    model = GaussianMLRegressor().fit(X, Y)
    for twin in (pickle.loads(pickle.dumps(scorer)), copy.deepcopy(scorer)):
        assert twin(model, X, Y) == scorer(model, X, Y)
    expected = f"DistributionScorer({'-' if sign < 0 else ''}{score.__name__})"
    assert repr(scorer) == expected


# The main job -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def houses():
    frame = pd.read_csv(HOUSES)
    answers = frame.select_dtypes(exclude="number").columns
    frame[answers] = (frame[answers] == "yes").astype(float)
    frame["lotsize"] = np.log(frame["lotsize"])
    return frame.drop(columns="price"), frame["price"]


LOGARITHMIC = {"func": np.log, "inverse_func": np.exp}
RAW = {"func": None, "inverse_func": None}


@pytest.mark.parametrize(
    ("functions", "total"), [(LOGARITHMIC, -5955.7807), (RAW, -6031.2336)]
)
def test_loglik_in_dollars(houses, functions, total):
    plugin = GaussianMLRegressor(predict_kind="plugin")
    model = TransformedTargetRegressor(plugin, **functions).fit(*houses)
    # Computed independently, to the digits known.
    assert loglik_scorer(model, *houses) * 546 == pytest.approx(total, abs=5e-5)


def test_search_picks_the_logarithm_of_the_price(houses):
    model = TransformedTargetRegressor(GaussianMLRegressor())
    transformer = {
        "logarithm": FunctionTransformer(np.log, np.exp),
        "as it is": FunctionTransformer(),
    }
    search = GridSearchCV(
        model, {"transformer": list(transformer.values())}, scoring=loglik_scorer
    ).fit(*houses)
    assert search.best_params_["transformer"] is transformer["logarithm"]
    # In every fold, by 0.08 nats a sale and more.
    folds = [search.cv_results_[f"split{k}_test_score"] for k in range(5)]
    assert all(logarithm > raw for logarithm, raw in folds)


# Scores that are not finite -----------------------------------------------------------

UNKNOWN_ROW = stats.norm([0.0, np.nan, 1.0], [1.0, np.nan, 2.0])


@pytest.mark.parametrize(
    "score", [loglik_score, crps_loss, interval_coverage_score, interval_width]
)
def test_rows_of_which_nothing_is_known(score):
    """They make the score NaN, and a warning names them; at weight zero they do not."""
    with pytest.warns(UndefinedMetricWarning, match=r"1 of 3 rows.*: 1 \(nan\)"):
        assert np.isnan(score([0.1, 0.2, 0.3], UNKNOWN_ROW))
    weighted = score([0.1, 0.2, 0.3], UNKNOWN_ROW, sample_weight=[1.0, 0.0, 1.0])
    assert weighted == score([0.1, 0.3], stats.norm([0.0, 1.0], [1.0, 2.0]))


def test_infinite_scores_are_named():
    uniform = stats.uniform(np.zeros(8), 1.0)
    y = [0.5, 2.0, 0.5, -1.0, 3.0, 4.0, 5.0, 6.0]
    message = r"not finite in 6 of 8 rows.*: 1 \(-inf\), 3 \(-inf\), .*, 6 .*\.\.\.\."
    with pytest.warns(UndefinedMetricWarning, match=message):
        assert loglik_score(y, uniform) == -np.inf
    with pytest.warns(UndefinedMetricWarning, match=r"crps_loss is not finite"):
        assert crps_loss([2.0], stats.t(0.5)) == np.inf


@pytest.mark.parametrize("constant", [0.1, 1e9 + 0.1, 0.0, -1e-300])
@pytest.mark.parametrize("n", [1, 3, 7, 1000])
def test_d2_of_a_constant_target(constant, n):
    """The mean of equal numbers may differ from them by rounding."""
    y = np.full(n, constant)
    with pytest.warns(UndefinedMetricWarning, match="does not vary"):
        assert np.isnan(d2_loglik_score(y, stats.norm(constant, 1.0)))
    two = np.column_stack([y, np.arange(n)])
    with pytest.warns(UndefinedMetricWarning, match="does not vary"):
        assert np.isnan(d2_loglik_score(two, stats.norm(np.zeros(2), 1.0 + 0 * two)))
    with pytest.warns(UndefinedMetricWarning, match="does not vary"):
        weight = np.r_[np.ones(n), 0.0]
        d2 = d2_loglik_score(np.r_[y, 5.0], stats.norm(), sample_weight=weight)
        assert np.isnan(d2)


@pytest.mark.parametrize(
    "level", [0.0, 1.0, 95, -0.5, np.nan, "0.9", None, [0.5], True]
)
@pytest.mark.parametrize("score", [interval_coverage_score, interval_width])
def test_levels_that_are_no_probability(score, level):
    with pytest.raises(ValueError, match="level must be between 0 and 1, got"):
        score([1.0], stats.norm(), level)
    with pytest.raises(ValueError, match=r"Did you mean 0\.95\?"):
        score([1.0], stats.norm(), 95)


def test_crps_of_rows_with_other_degrees_of_freedom():
    """Each row as it is alone: heavy tails, infinite degrees of freedom."""
    freedom = np.array([0.8, 1.0, 3.0, 50.0, np.inf])
    y = np.array([0.3, -1.0, 2.0, 0.5, 1.0])
    together = [
        crps_loss(y, stats.t(freedom, 0.2, 1.5), sample_weight=np.eye(5)[k])
        for k in range(5)
    ]
    alone = [crps_loss(y[[k]], stats.t(freedom[[k]], 0.2, 1.5)) for k in range(4)]
    alone.append(crps_loss(y[[4]], stats.norm(0.2, 1.5)))
    np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_scorer_of_another_score():
    from sklearn_gml.metrics import DistributionScorer

    model = GaussianMLRegressor().fit(X, Y)
    scorer = DistributionScorer(interval_width, sign=-1)
    assert scorer(model, X, Y) == -interval_width(Y, model.predict_dist(X))


def test_ours_are_distributions_by_the_protocol():
    from sklearn_gml._distributions.protocol import Distribution

    ours = inverse_transformed(stats.t(5), FunctionTransformer(np.log, np.exp))
    for distribution in (ours, stats.norm(), stats.lognorm(1.0)):
        assert isinstance(distribution, Distribution)
    assert not isinstance(np.ones(3), Distribution)
