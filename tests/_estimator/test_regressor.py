"""The estimator as a scikit-learn user meets it."""

import pickle

import numpy as np
import pytest
import sklearn
from generated import problem
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from sklearn_gml import (
    DegenerateFitWarning,
    GaussianMLRegressor,
    GaussianStatistics,
    RankDeficiencyWarning,
)
from sklearn_gml._data.rows import SPARSE_BLOCK_ROWS


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 3))
    return X, X @ [1.0, 2.0, -1.0] + 4.0 + rng.standard_normal(60)


def test_shapes_follow_linear_regression(data):
    X, y = data
    for target in (y, y[:, None], np.column_stack([y, 2 * y])):
        ours = GaussianMLRegressor().fit(X, target)
        theirs = LinearRegression().fit(X, target)
        assert ours.coef_.shape == theirs.coef_.shape
        assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
        assert ours.predict(X).shape == theirs.predict(X).shape
        assert np.shape(ours.sigma_) == target.shape[1:]
    assert GaussianMLRegressor(fit_intercept=False).fit(X, y).intercept_ == 0.0


def test_loglik_of_a_pipeline_step_and_r2(data):
    X, y = data
    model = GaussianMLRegressor().fit(X, y)
    theirs = LinearRegression().fit(X, y)
    assert model.score(X, y) == pytest.approx(theirs.score(X, y), rel=1e-12)


def test_predict_dist_is_scipy_normal(data):
    X, y = data
    model = GaussianMLRegressor().fit(X, np.column_stack([y, -3.0 * y]))
    distribution = model.predict_dist(X[:7], kind="plugin")
    assert distribution.dist.name == "norm"
    assert distribution.mean().shape == distribution.cdf(0.0).shape == (7, 2)
    low, high = distribution.interval(0.95)
    np.testing.assert_allclose(
        (high - low) / 2, np.tile(1.959963984540054 * model.sigma_, (7, 1)), rtol=1e-12
    )
    assert distribution.rvs(size=(5, 7, 2), random_state=0).shape == (5, 7, 2)


def test_fit_statistics_is_fit(data):
    pandas = pytest.importorskip("pandas")
    X, y = data
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    batch = GaussianMLRegressor(method="reml").fit(frame, y)
    statistics = GaussianStatistics.from_data(frame, y)
    again = GaussianMLRegressor(method="reml").fit_statistics(statistics)
    np.testing.assert_array_equal(again.coef_, batch.coef_)
    assert again.restricted_loglik_ == batch.restricted_loglik_
    assert list(again.feature_names_in_) == ["a", "b", "c"]
    assert again.n_features_in_ == 3
    np.testing.assert_array_equal(again.predict(frame), batch.predict(frame))
    without_names = GaussianStatistics.from_data(X, y)
    assert not hasattr(again.fit_statistics(without_names), "feature_names_in_")
    with pytest.raises(
        TypeError, match=r"GaussianStatistics, got ndarray.*fit\(X, y\)"
    ):
        again.fit_statistics(X)


def test_restricted_likelihood_goes_with_its_method(data):
    model = GaussianMLRegressor(method="reml").fit(*data)
    assert model.restricted_loglik_ < model.loglik_
    assert not hasattr(model.set_params(method="ml").fit(*data), "restricted_loglik_")


def test_clone_pickle_and_repr(data):
    X, y = data
    model = GaussianMLRegressor(alpha=0.5, solver="lbfgs").fit(X, y)
    assert clone(model).get_params() == model.get_params()
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict(X), model.predict(X))
    assert "alpha=0.5" in repr(model)
    assert "GaussianMLRegressor" in model._repr_html_()


def test_not_fitted(data):
    with pytest.raises(NotFittedError):
        GaussianMLRegressor().predict_dist(data[0])


def test_grid_search_by_loglik():
    """The degree of a polynomial, chosen by likelihood in a pipeline."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-2, 2, (300, 1))
    y = 1 + x[:, 0] - x[:, 0] ** 3 + 0.3 * rng.standard_normal(300)

    def loglik(model, X, y):
        return model[-1].score_loglik(model[:-1].transform(X), y, normalize=True)

    search = GridSearchCV(
        make_pipeline(PolynomialFeatures(include_bias=False), GaussianMLRegressor()),
        {"polynomialfeatures__degree": range(1, 6)},
        scoring=loglik,
    ).fit(x, y)
    scores = search.cv_results_["mean_test_score"]
    assert search.best_params_["polynomialfeatures__degree"] >= 3
    # The density of the truth itself, -log(sigma sqrt(2 pi e)), up to sampling.
    truth = -np.log(0.3 * np.sqrt(2 * np.pi * np.e))
    assert scores[2] == pytest.approx(truth, abs=0.1)
    assert scores[2] > scores[1] + 0.5


def test_metadata_routing_carries_weights(data):
    X, y = data
    weight = np.random.default_rng(5).integers(0, 3, len(y)).astype(float)
    with sklearn.config_context(enable_metadata_routing=True):
        model = GaussianMLRegressor()
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"alpha": [0.1, 10.0]}, cv=3)
        search.fit(X, y, sample_weight=weight)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=True))
        pipeline.steps.append(("model", model))
        pipeline.fit(X, y, sample_weight=weight)
    routed, best = search.best_estimator_, search.best_params_
    direct = GaussianMLRegressor(**best).fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(routed.coef_, direct.coef_)
    # Scores are weighted as well: a refit on one fold by hand gives that fold's.
    train, test = next(KFold(3).split(X))
    by_hand = GaussianMLRegressor(alpha=0.1).fit(X[train], y[train], weight[train])
    expected = by_hand.score(X[test], y[test], weight[test])
    assert search.cv_results_["split0_test_score"][0] == pytest.approx(expected)
    assert pipeline[-1].statistics_.sum_weights == weight.sum()
    assert routed.statistics_.sum_weights == weight.sum()


DEGENERATE = {
    "perfect line": (np.arange(9.0)[:, None], 1.0 + 2.0 * np.arange(9.0)),
    "constant y": (np.arange(9.0)[:, None], np.full(9, 0.1)),
    "zero y": (np.arange(9.0)[:, None], np.zeros(9)),
    "one row": (np.array([[2.0, 3.0]]), np.array([5.0])),
    "as many rows as parameters": (np.eye(3)[:, :2], np.array([1.0, 4.0, 2.0])),
    "fewer rows than features": (np.eye(3, 7) + 1.0, np.array([1.0, 4.0, 2.0])),
    "large and exact": (np.arange(9.0)[:, None] * 1e150, np.arange(9.0) * 1e100),
}


EXACT_WITHIN_BOUNDS = ["perfect line", "constant y", "zero y", "one row"]


@pytest.mark.parametrize(
    ("name", "setting"),
    [(name, setting) for name in DEGENERATE for setting in ({}, {"method": "reml"})]
    + [(name, {"positive": True}) for name in EXACT_WITHIN_BOUNDS],
)
def test_no_noise_left(name, setting):
    X, y = DEGENERATE[name]
    scale = np.abs(y).max() or 1.0
    with pytest.warns(DegenerateFitWarning, match="no noise left"):
        model = GaussianMLRegressor(**setting).fit(X, y)
    np.testing.assert_allclose(model.predict(X), y, atol=1e-13 * scale)
    assert 0 < model.sigma_ <= 1e-12 * scale
    for value in (model.loglik_, model.aic_, model.bic_, model.score_loglik(X, y)):
        assert np.isfinite(value)


def test_small_noise_on_a_large_mean_is_noise():
    """Nine digits of y are not its rounding level."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 1))
    noise = 1e-3 * rng.standard_normal(400)
    model = GaussianMLRegressor().fit(x, 1e6 + x[:, 0] + noise)
    assert model.sigma_ == pytest.approx(1e-3, rel=0.1)


def test_collinear_columns(data):
    X, y = data
    both = np.column_stack([X, X[:, 0] + X[:, 1], np.full(len(y), 7.0)])
    with pytest.warns(RankDeficiencyWarning, match="2 of 6 directions") as caught:
        model = GaussianMLRegressor().fit(both, y)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    full = GaussianMLRegressor().fit(X, y)
    assert model.rank_ == full.rank_ == 4
    assert model.loglik_ == pytest.approx(full.loglik_, rel=1e-12)
    np.testing.assert_allclose(model.predict(both), full.predict(X), rtol=1e-12)
    # The shortest of all solutions: nothing in the null space.
    np.testing.assert_allclose(model.coef_ @ [1.0, 1.0, 0.0, -1.0, 0.0], 0, atol=1e-13)
    assert model.coef_[4] == pytest.approx(0.0, abs=1e-15)


def test_rank_does_not_depend_on_units(data):
    X, y = data
    for scale in ([1e-9, 1.0, 1e9], [1e12, 1e-12, 1.0]):
        assert GaussianMLRegressor().fit(X * scale, y).rank_ == 4


def test_n_iter(data):
    assert GaussianMLRegressor().fit(*data).n_iter_ == 1
    assert GaussianMLRegressor(solver="newton", positive=True).fit(*data).n_iter_ == 1
    assert GaussianMLRegressor(solver="lbfgs").fit(*data).n_iter_ > 1


def test_solvers_agree_on_every_kind():
    for seed in range(16):
        generated = problem(seed)
        if seed % 8 in (1, 5, 7):  # wide, deficient and badly scaled have no one answer
            continue
        newton = GaussianMLRegressor().fit(generated.X, generated.y)
        lbfgs = GaussianMLRegressor(solver="lbfgs", max_iter=1000)
        lbfgs.fit(generated.X, generated.y)
        assert lbfgs.loglik_ == pytest.approx(newton.loglik_, rel=1e-6)
        scale = np.abs(newton.coef_).max()
        np.testing.assert_allclose(lbfgs.coef_, newton.coef_, atol=1e-6 * scale)


def test_dummy_trap_is_seen_at_any_number_of_rows():
    for n_samples in (100, 1000, 20_000, 300_000):
        for seed in range(3):
            rng = np.random.default_rng(seed)
            level = rng.choice(2, n_samples, p=[1 / 3, 2 / 3])
            X = np.column_stack([np.eye(2)[level], rng.normal(size=n_samples)])
            y = level + X[:, 2] + rng.normal(size=n_samples)
            with pytest.warns(RankDeficiencyWarning, match="1 of 4"):
                model = GaussianMLRegressor().fit(X, y)
            # The shortest: both levels equally far from their common intercept.
            np.testing.assert_allclose(model.coef_[0], -model.coef_[1], rtol=1e-9)


def test_fill_values_of_rows_without_weight_are_not_looked_at():
    x = np.linspace(10, 11, 200)
    rng = np.random.default_rng(0)
    cubic, y = np.column_stack([x, x**2, x**3]), np.sin(x) + 0.1 * rng.normal(size=200)
    wide, z = rng.normal(size=(8, 10)), rng.normal(size=8)
    for X, target, alpha in ((cubic, y, 0.0), (wide, z, 1.0)):
        weight = np.append(np.ones(len(target)), 0.0)
        expected = GaussianMLRegressor(alpha=alpha).fit(X, target)
        for fill in (1e12, 9.96921e36, 1e200, np.nan, np.inf):
            filled = np.vstack([X, np.full(X.shape[1], fill)])
            model = GaussianMLRegressor(alpha=alpha)
            model.fit(filled, np.append(target, fill), weight)
            np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-10)
            assert model.sigma_ == pytest.approx(expected.sigma_, rel=1e-10)
        filled[0, 0] = np.nan
        with pytest.raises(ValueError, match="contains NaN"):
            model.fit(filled, np.append(target, 0.0), weight)


def test_blocks_without_weight():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(15_000, 2))
    y = X @ [1.0, 2.0] + rng.normal(size=15_000)
    for kept in (slice(12_000, None), slice(0, 100), slice(5_000, 5_100)):
        weight = np.zeros(len(y))
        weight[kept] = 2.0
        for rows in (X, X @ [[1.0, 1.0], [0.0, 1e-3]]):
            model = GaussianMLRegressor().fit(rows, y, weight)
            expected = GaussianMLRegressor().fit(rows[kept], y[kept], weight[kept])
            np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-9)
            assert model.loglik_ == pytest.approx(expected.loglik_, rel=1e-11)


@pytest.mark.parametrize("total", [1e-18, 1e-6, 1e6, 1e18])
def test_scale_of_the_weights_moves_neither_coefficients_nor_sigma(data, total):
    X, y = data
    expected = GaussianMLRegressor().fit(X, y)
    model = GaussianMLRegressor().fit(X, y, np.full(len(y), total))
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
    assert model.sigma_ == pytest.approx(expected.sigma_, rel=1e-12)


@pytest.mark.parametrize("scale", [1e-9, 1.0, [1e-12, 1.0, 1.0]])
@pytest.mark.parametrize("alpha", [1e-12, 1.0, 1e16, 1e20])
def test_ridge_keeps_its_digits_far_from_the_data(data, alpha, scale):
    X, y = data
    X = X * scale
    expected = Ridge(alpha=alpha, solver="cholesky").fit(X, y).coef_
    # Both centre in floating point.
    model = GaussianMLRegressor(alpha=alpha).fit(X, y)
    np.testing.assert_allclose(model.coef_, expected, rtol=1e-10)


@pytest.mark.parametrize("kind", ["full rank", "rows twice", "constant columns"])
def test_fewer_rows_than_columns_have_the_shortest_coefficients(kind):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 50)), rng.standard_normal(20)
    if kind == "rows twice":
        X[10:], y[10:] = X[:10], y[:10]
    if kind == "constant columns":
        X[:, :5] = 3.0
    with pytest.warns((RankDeficiencyWarning, DegenerateFitWarning)):
        model = GaussianMLRegressor().fit(X, y)
    expected = np.linalg.pinv(X - X.mean(axis=0), rcond=1e-13) @ (y - y.mean())
    # Condition numbers are below 100, and the reference rounds as well.
    np.testing.assert_allclose(model.coef_, expected, rtol=0, atol=1e-13)
    assert model.rank_ == (10 if kind == "rows twice" else 20)


@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_float32_is_accumulated_in_float64_over_several_blocks(weighted):
    rng = np.random.default_rng(0)
    n = 5 * SPARSE_BLOCK_ROWS
    X = sparse.random_array((n, 50), density=0.03, rng=rng, dtype=np.float32)
    X = X.tocsr()
    y = X @ np.arange(50.0) + rng.normal(size=n)
    weight = rng.integers(1, 4, n) if weighted else None
    model = GaussianMLRegressor().fit(X, y, weight)
    expected = GaussianMLRegressor().fit(X.toarray().astype(float), y, weight)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-9)
    assert model.loglik_ == pytest.approx(expected.loglik_, rel=1e-12)


def test_deficient_coefficients_are_the_shortest_with_either_solver(data):
    X, y = data
    twice = np.column_stack([X[:, 0], 1000.0 * X[:, 0]])
    for solver in ("newton", "lbfgs"):
        with pytest.warns(RankDeficiencyWarning, match="smallest norm"):
            model = GaussianMLRegressor(solver=solver).fit(twice, y)
        assert model.coef_[1] == pytest.approx(1000.0 * model.coef_[0], rel=1e-6)
    with pytest.warns(RankDeficiencyWarning, match="Some non-negative"):
        GaussianMLRegressor(positive=True).fit(twice, y)


def test_noise_scale_is_routed_through_a_pipeline():
    rng = np.random.default_rng(0)
    X, scale = rng.standard_normal((60, 2)), rng.uniform(0.1, 3.0, 60)
    y = X @ [1.0, -1.0] + scale * rng.standard_normal(60)
    direct = GaussianMLRegressor().fit(X, y, noise_scale=scale)
    with sklearn.config_context(enable_metadata_routing=True):
        model = GaussianMLRegressor().set_fit_request(noise_scale=True)
        pipeline = make_pipeline(StandardScaler(), model)
        pipeline.fit(X, y, noise_scale=scale)
    np.testing.assert_allclose(pipeline.predict(X), direct.predict(X), rtol=1e-12)
    assert pipeline[-1].sigma_ == pytest.approx(direct.sigma_, rel=1e-12)
