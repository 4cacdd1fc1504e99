"""Predictive distributions: exact where they can be, plugin where they must be."""

import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import BayesianRidge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklearn_gml import GaussianMLRegressor, GaussianMLRegressorCV, predict_dist
from sklearn_gml._distributions.student import FrozenT
from sklearn_gml.metrics import loglik_score, loglik_scorer
from sklearn_gml.metrics.scorers import DistributionScorer

RNG = np.random.default_rng(0)
X = RNG.standard_normal((30, 3))
Y = 1.0 + X @ [1.0, 2.0, 0.0] + RNG.standard_normal(30)


def test_by_default_predictive():
    model = GaussianMLRegressor().fit(X, Y)
    new = RNG.standard_normal((5, 3))
    for other in (
        GaussianMLRegressor(predict_kind="predictive").fit(X, Y).predict_dist(new),
        model.predict_dist(new, kind="predictive"),
        model.predict_dist(new, kind="auto"),
    ):
        np.testing.assert_array_equal(
            model.predict_dist(new).interval(0.9), other.interval(0.9)
        )
    # By the textbook: Student t of n - rank degrees of freedom.
    design = np.column_stack([np.ones(30), X])
    row = np.column_stack([np.ones(5), new])
    leverage = np.einsum("ij,jk,ik->i", row, np.linalg.inv(design.T @ design), row)
    s2 = np.sum((Y - model.predict(X)) ** 2) / 26
    exact = stats.t(26, model.predict(new), np.sqrt(s2 * (1 + leverage)))
    ours = model.predict_dist(new)
    np.testing.assert_allclose(ours.interval(0.9), exact.interval(0.9), rtol=1e-12)
    _, std = model.predict(new, return_std=True)
    np.testing.assert_allclose(std, exact.std(), rtol=1e-12)
    plugin = model.predict_dist(new, kind="plugin")
    np.testing.assert_array_equal(plugin.std(), np.full(5, model.sigma_))


@pytest.mark.parametrize("n_targets", [None, 2])
def test_log_linear_is_exact_where_noise_is_constant(n_targets):
    """With no columns that drive it, and as the limit of a strong prior."""
    y = Y if n_targets is None else np.column_stack([Y, Y[::-1]])
    exact = GaussianMLRegressor(method="reml").fit(X, y).predict_dist(X)
    for settings in ({"noise_columns": []}, {"noise_alpha": 1e12}):
        model = GaussianMLRegressor(method="reml", noise="log-linear", **settings)
        ours = model.fit(X, y).predict_dist(X)
        np.testing.assert_allclose(ours.args[0], 26.0, rtol=1e-6)
        np.testing.assert_allclose(ours.interval(0.9), exact.interval(0.9), rtol=1e-6)


def test_no_degrees_of_freedom_are_said():
    with pytest.warns(Warning, match="no noise left"):
        model = GaussianMLRegressor().fit(X[:3], Y[:3])
    with pytest.warns(UserWarning, match="30 of 30 rows .* no degrees of freedom"):
        distribution = model.predict_dist(X)
    np.testing.assert_array_equal(distribution.kwds["scale"], np.full(30, model.sigma_))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.predict_dist(X, kind="plugin").dist.name == "norm"
        assert np.isnan(model.predict_dist(X, kind="predictive").std()).all()


@pytest.mark.parametrize("n_targets", [None, 2])
@pytest.mark.parametrize("noise", ["constant", "log-linear"])
@pytest.mark.filterwarnings("ignore::sklearn_gml.RankDeficiencyWarning")
def test_rows_outside_the_span_are_counted(noise, n_targets):
    y = Y if n_targets is None else np.column_stack([Y, -Y])
    repeated = np.column_stack([X, X[:, 0]])
    model = GaussianMLRegressor(noise=noise).fit(repeated, y)
    new = repeated[:6].copy()
    new[2, 3] += 1.0
    inside = np.arange(6) != 2
    with pytest.warns(UserWarning, match="1 of 6 rows .* outside the span"):
        distribution = model.predict_dist(new)
    plugin = model.predict_dist(new, kind="plugin")
    predictive = model.predict_dist(new, kind="predictive")
    for name in ("loc", "scale"):
        np.testing.assert_allclose(
            distribution.kwds[name][2], plugin.kwds[name][2], rtol=1e-12
        )
    if noise == "constant":
        np.testing.assert_allclose(
            np.array(distribution.interval(0.9))[:, 2],
            np.array(plugin.interval(0.9))[:, 2],
            rtol=1e-12,
        )
    else:
        assert np.all(np.isfinite(distribution.args[0][2]))
    np.testing.assert_array_equal(
        np.array(distribution.interval(0.9))[:, inside],
        np.array(predictive.interval(0.9))[:, inside],
    )
    assert np.isfinite(distribution.rvs(random_state=0)).all()
    assert np.isfinite(distribution.logpdf(y[:6])).all()


def test_a_rare_level_does_not_ruin_a_score():
    """A level that a fold has not seen once made every score NaN."""
    level = np.repeat(["a", "b", "c"], [14, 15, 1])[:, None]
    model = make_pipeline(
        OneHotEncoder(handle_unknown="ignore", drop="first"), GaussianMLRegressor()
    )
    folds = [(np.arange(20), np.arange(20, 30))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        scores = cross_val_score(model, level, Y, scoring=loglik_scorer, cv=folds)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("settings", [{"positive": True}, {"predict_kind": "plugin"}])
def test_plugin_without_a_word_where_it_is_documented(settings):
    model = GaussianMLRegressor(**settings).fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.predict_dist(X).dist.name == "norm"


@pytest.mark.parametrize("kind", ["plugin", "predictive", "auto"])
def test_kind_of_a_scorer(kind):
    model = GaussianMLRegressor(predict_kind="plugin").fit(X, Y)
    expected = loglik_score(Y, model.predict_dist(X, kind=kind))
    assert loglik_scorer(model, X, Y, kind=kind) == expected
    assert DistributionScorer(loglik_score, kind=kind)(model, X, Y) == expected
    assert loglik_scorer(model, X, Y) == model.score_loglik(X, Y, normalize=True)


def test_auto_is_known_to_every_regressor():
    model = BayesianRidge().fit(X, Y)
    assert predict_dist(model, X, kind="auto").dist.name == "norm"


@pytest.mark.parametrize("freedom", [3.5, np.array([[2.0], [5.0], [np.inf]])])
def test_student_t_is_that_of_scipy(freedom):
    loc, scale = RNG.standard_normal((3, 2)), RNG.uniform(0.5, 2.0, (3, 2))
    ours, theirs = FrozenT(freedom, loc, scale), stats.t(freedom, loc, scale)
    q = np.array([0.0, 1e-9, 0.2, 0.5, 1.0]).reshape(-1, 1, 1)
    for name in ("ppf", "isf"):
        expected = getattr(theirs, name)(q)
        np.testing.assert_allclose(getattr(ours, name)(q), expected, rtol=1e-14)
    np.testing.assert_allclose(ours.interval(0.9), theirs.interval(0.9), rtol=1e-13)
    np.testing.assert_array_equal(ours.median(), loc)
    x = np.array([-1e9, -3.0, 0.1, 40.0]).reshape(-1, 1, 1)
    for name in ("logcdf", "logsf"):
        expected = getattr(theirs, name)(x)
        known = np.isfinite(expected)
        found = getattr(ours, name)(x)
        np.testing.assert_allclose(found[known], expected[known], rtol=1e-11)
        assert np.isfinite(found).all()
    draws = ours.rvs((2000, 3, 2), random_state=0)
    assert stats.kstest(ours.cdf(draws).ravel(), "uniform").pvalue > 1e-3
    assert np.isnan(FrozenT(3.0, 0.0, np.nan).ppf(0.5))


def test_names_of_columns_are_no_second_warning():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X[:3], columns=["a", "b", "c"])
    with pytest.warns(Warning, match="no noise left"):
        model = GaussianMLRegressor().fit(frame, Y[:3])
    with pytest.warns(UserWarning) as caught:
        model.predict_dist(frame)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_targets_with_alphas_of_their_own_have_the_plugin_distribution():
    model = GaussianMLRegressorCV(alphas=[0.1, 10.0], alpha_per_target=True)
    model.fit(X, np.column_stack([Y, Y[::-1]]))
    assert model.predict_dist(X).dist.name == "norm"
    assert np.isfinite(model.predict(X, return_std=True)[1]).all()


def test_few_degrees_of_freedom_in_one_row_do_not_change_the_others():
    """A target that is not transformed keeps Student's t, whatever its moments."""
    model = GaussianMLRegressor(noise="log-linear").fit(X, Y)
    far = np.vstack([X, 40.0 * X[:1]])
    distribution = predict_dist(model, far)
    assert distribution.args[0][-1] < 1.0 < distribution.args[0][:-1].min()
    np.testing.assert_array_equal(
        np.array(distribution.interval(0.9))[:, :-1],
        model.predict_dist(X).interval(0.9),
    )


def test_rows_fitted_nearly_exactly_are_no_certainty():
    """Recording errors at the floor leave few degrees of freedom at rows like them."""
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.standard_normal((40, 2)), np.zeros(40)])
    y = X[:, 0] + rng.standard_normal(40)
    X[:2, 2] = 1.0, 2.0
    y[:2] = X[:2, 0] + 5.0 * X[:2, 2]
    model = GaussianMLRegressor(noise="log-linear").fit(X, y)
    assert model._fit.n_at_floor[0] >= 1
    freedom = model.predict_dist(np.array([[0.0, 0.0, 1.5], [0.0, 0.0, 0.0]])).args[0]
    assert freedom[0] < 5.0 < freedom[1]


def test_a_scorer_of_limits_takes_the_kind_that_is_asked_for():
    model = GaussianMLRegressor(censoring=(0.0, None)).fit(X, np.maximum(Y, 0.0))
    y = np.maximum(Y, 0.0)
    plugin = loglik_score(y, model.predict_dist(X, kind="plugin"))
    assert loglik_scorer(model, X, y, kind="plugin") == plugin
    recorded = loglik_score(y, model.predict_dist(X, kind="recorded"))
    assert loglik_scorer(model, X, y) == pytest.approx(recorded, rel=1e-12)
    assert abs(recorded - plugin) > 1e-3
