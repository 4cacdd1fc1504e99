"""GaussianMLRegressorCV: the scores, the choice and the fit of GridSearchCV."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from generated import problem
from heldout import copies_left_out, scores_by_refitting
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    PredefinedSplit,
    ShuffleSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gml import (
    GaussianMLRegressor,
    GaussianMLRegressorCV,
    GaussianStatistics,
)
from sklearn_gml.metrics import loglik_score
from sklearn_gml.metrics.scorers import DistributionScorer

ALPHAS = [0.01, 0.3, 5.0, 100.0, 3000.0]
KINDS = (
    "long",
    "wide",
    "weighted",
    "several targets",
    "sparse",
    "far from zero",
    "rank-deficient",
    "badly scaled",
)


SCORERS = {
    "loglik": DistributionScorer(loglik_score, kind="plugin"),
    "predictive": DistributionScorer(loglik_score, kind="predictive"),
}


def splitter_of(seed, n_samples):
    """``(cv, groups)``; the kinds take turns."""
    rng = np.random.default_rng(seed)
    choice = seed % 4
    if choice == 0 or n_samples < 9:
        return 3, None
    if choice == 1:
        return KFold(4, shuffle=True, random_state=seed), None
    if choice == 2:
        return ShuffleSplit(4, test_size=0.25, random_state=seed), None
    groups = rng.integers(0, 6, n_samples)
    groups[:6] = np.arange(6)
    return GroupKFold(3), groups


def grid_search(X, y, cv, scorer, weight, noise_scale, groups, **settings):
    """scikit-learn's search, with everything routed."""
    with config_context(enable_metadata_routing=True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMLRegressor(**settings).set_fit_request(
            sample_weight=True, noise_scale=True
        )
        scorer = pickle.loads(pickle.dumps(scorer)).set_score_request(
            sample_weight=True, noise_scale=True
        )
        metadata = {"sample_weight": weight, "noise_scale": noise_scale}
        if groups is not None:
            metadata["groups"] = groups
        search = GridSearchCV(model, {"alpha": ALPHAS}, scoring=scorer, cv=cv)
        return search.fit(X, y, **metadata)


@pytest.mark.parametrize("scoring", SCORERS)
@pytest.mark.parametrize("seed", range(60))
def test_equal_to_grid_search(seed, scoring):
    generated, rng = (
        problem(seed, KINDS[seed % len(KINDS)]),
        np.random.default_rng(seed),
    )
    X, y, n_samples = generated.X, generated.y, generated.X.shape[0]
    cv, groups = splitter_of(seed // 2, n_samples)
    noise_scale = rng.uniform(0.5, 2.0, n_samples) if seed % 5 == 0 else None
    settings = {
        "fit_intercept": generated.fit_intercept,
        "method": "reml" if seed % 3 == 0 else "ml",
    }
    search = grid_search(
        X, y, cv, SCORERS[scoring], generated.weight, noise_scale, groups, **settings
    )
    model = GaussianMLRegressorCV(
        alphas=ALPHAS, cv=cv, scoring=scoring, refine=False, **settings
    )
    with warnings.catch_warnings():
        # Collinear columns.
        warnings.simplefilter("ignore")
        params = {} if groups is None else {"groups": groups}
        model.fit(X, y, generated.weight, noise_scale, **params)
    assert model.cv_results_.keys() == search.cv_results_.keys()
    for name, expected in search.cv_results_.items():
        if name.endswith("test_score") and not name.startswith("rank"):
            np.testing.assert_allclose(
                model.cv_results_[name], expected, rtol=1e-10, atol=1e-10, err_msg=name
            )
    np.testing.assert_array_equal(
        model.cv_results_["rank_test_score"], search.cv_results_["rank_test_score"]
    )
    assert model.cv_results_["params"] == search.cv_results_["params"]
    assert model.n_splits_ == search.n_splits_
    assert model.best_index_ == search.best_index_
    assert model.alpha_ == search.best_params_["alpha"]
    assert model.best_score_ == pytest.approx(search.best_score_, rel=1e-10, abs=1e-10)
    best = search.best_estimator_
    size = np.abs(best.coef_).max()
    np.testing.assert_allclose(model.coef_, best.coef_, rtol=0, atol=1e-11 * size)
    np.testing.assert_allclose(model.sigma_, best.sigma_, rtol=1e-11)
    assert model.loglik_ == pytest.approx(best.loglik_, rel=1e-11, abs=1e-9)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 12)) * rng.uniform(0.5, 3.0, 12) + 2.0
    y = X @ rng.normal(scale=0.3, size=12) + rng.standard_normal(80) + 5.0
    return X, y


@pytest.mark.parametrize("scoring", ["loglik", "predictive", "neg_mean_squared_error"])
@pytest.mark.parametrize("weighted", [False, True])
def test_leave_one_out_by_brute_force(data, scoring, weighted):
    X, y = data[0][:25], data[1][:25]
    weight = np.random.default_rng(1).integers(0, 3, 25) * 1.0 if weighted else None
    model = GaussianMLRegressorCV(alphas=ALPHAS, scoring=scoring, refine=False)
    model.fit(X, y, weight)
    splits = copies_left_out(weight, 25)
    expected = scores_by_refitting(X, y, ALPHAS, splits, scoring)
    table = model.cv_results_
    np.testing.assert_allclose(table["mean_test_score"], expected.mean(axis=1), 1e-9)
    np.testing.assert_allclose(table["std_test_score"], expected.std(axis=1), 1e-9)
    best = np.argmax(expected.mean(axis=1))
    assert model.alpha_ == ALPHAS[best]
    refitted = GaussianMLRegressor(alpha=ALPHAS[best]).fit(X, y, weight)
    np.testing.assert_allclose(model.coef_, refitted.coef_, rtol=1e-13)
    assert model.n_splits_ == (25 if weight is None else np.count_nonzero(weight))


def test_squared_errors_are_those_of_ridge_cv(data):
    X, y = data
    ours = GaussianMLRegressorCV(
        alphas=ALPHAS, scoring="neg_mean_squared_error", refine=False
    ).fit(X, y)
    theirs = RidgeCV(alphas=ALPHAS, store_cv_results=True).fit(X, y)
    expected = -theirs.cv_results_.mean(axis=0)
    np.testing.assert_allclose(
        ours.cv_results_["mean_test_score"], expected, rtol=1e-10
    )
    assert ours.alpha_ == theirs.alpha_
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9)


@pytest.mark.parametrize("cv", [None, 4])
@pytest.mark.parametrize("scoring", ["loglik", "predictive", "neg_mean_squared_error"])
def test_refined_to_the_maximum_of_the_curve(data, scoring, cv):
    """That of the same search over a grid of one alpha."""
    X, y = data
    model = GaussianMLRegressorCV(alphas=7, cv=cv, scoring=scoring).fit(X, y)

    def loss(log_alpha):
        one = GaussianMLRegressorCV(
            alphas=[np.exp(log_alpha)], cv=cv, scoring=scoring, refine=False
        )
        return -one.fit(X, y).best_score_

    ends = np.log(model.alphas_[[model.best_index_ - 1, model.best_index_ + 1]])
    found = minimize_scalar(
        loss, bounds=ends, method="bounded", options={"xatol": 1e-9}
    )
    # Values say where a maximum is to the root of their rounding errors.
    assert np.log(model.alpha_) == pytest.approx(found.x, abs=1e-5)
    assert model.best_score_ >= -found.fun - 1e-14
    assert model.best_score_ > model.cv_results_["mean_test_score"].max()
    # The grid does not matter.
    again = GaussianMLRegressorCV(alphas=[1e-3, 1e5], cv=cv, scoring=scoring)
    assert again.fit(X, y).alpha_ == pytest.approx(model.alpha_, rel=1e-7)


def test_default_grid(data):
    model = GaussianMLRegressorCV().fit(*data)
    assert len(model.alphas_) == 25
    np.testing.assert_array_equal(
        model.alphas_, GaussianMLRegressorCV(alphas=25).fit(*data).alphas_
    )
    assert model.cv_results_["param_alpha"].data.tolist() == model.alphas_.tolist()
    assert 0 < model.best_index_ < 24


def test_one_standard_error(data):
    best = GaussianMLRegressorCV(cv=5).fit(*data)
    simple = GaussianMLRegressorCV(cv=5, selection="one-standard-error").fit(*data)
    assert simple.alpha_ > best.alpha_
    scores = [
        cross_val_score(
            GaussianMLRegressor(alpha=alpha), *data, cv=5, scoring=SCORERS["loglik"]
        )
        for alpha in (best.alpha_, simple.alpha_)
    ]
    error = scores[0].std(ddof=1) / np.sqrt(5)
    assert simple.best_score_ == pytest.approx(scores[1].mean(), rel=1e-10)
    assert scores[1].mean() == pytest.approx(scores[0].mean() - error, rel=1e-8)
    coarse = GaussianMLRegressorCV(
        cv=5, selection="one-standard-error", refine=False
    ).fit(*data)
    assert coarse.alpha_ in coarse.alphas_
    means = coarse.cv_results_["mean_test_score"]
    top = np.argmax(means)
    enough = means[top] - coarse.cv_results_["std_test_score"][top] / np.sqrt(4)
    assert coarse.alpha_ == coarse.alphas_[means >= enough].max()


def test_coefficients_of_all_alphas(data):
    X, y = data
    model = GaussianMLRegressorCV(alphas=ALPHAS).fit(X, np.column_stack([y, -y]))
    assert model.coef_path_.shape == (5, 2, 12)
    for alpha, coef in zip(ALPHAS, model.coef_path_, strict=True):
        expected = GaussianMLRegressor(alpha=alpha).fit(X, y).coef_
        np.testing.assert_allclose(coef, [expected, -expected], rtol=1e-10)
    assert GaussianMLRegressorCV(alphas=ALPHAS).fit(X, y).coef_path_.shape == (5, 12)


@pytest.mark.parametrize("cv", [None, 4])
@pytest.mark.parametrize("selection", ["best", "one-standard-error"])
def test_alpha_of_each_target(data, cv, selection):
    X, y = data
    rng = np.random.default_rng(3)
    Y = np.column_stack([y, X[:, 0] * 5 + rng.standard_normal(80), y[::-1]])
    settings = {"cv": cv, "selection": selection, "alphas": np.geomspace(0.1, 1e5, 9)}
    together = GaussianMLRegressorCV(alpha_per_target=True, **settings).fit(X, Y)
    alone = [GaussianMLRegressorCV(**settings).fit(X, y) for y in Y.T]
    for name in ("alpha_", "best_score_", "coef_", "intercept_", "sigma_"):
        expected = [getattr(model, name) for model in alone]
        np.testing.assert_allclose(getattr(together, name), expected, 1e-7, 1e-10)
    assert together.best_index_.tolist() == [model.best_index_ for model in alone]
    assert together.loglik_ == pytest.approx(sum(model.loglik_ for model in alone))
    assert together.aic_ == pytest.approx(sum(model.aic_ for model in alone))
    assert together.cv_results_["mean_test_score"].shape == (9, 3)
    np.testing.assert_allclose(
        together.score_loglik(X, Y), together.loglik_, rtol=1e-12
    )
    assert len(np.unique(together.alpha_)) == 3
    with pytest.raises(ValueError, match="alphas of their own"):
        together.summary()


def test_alpha_of_each_target_of_a_vector_is_a_number(data):
    model = GaussianMLRegressorCV(alpha_per_target=True, alphas=5).fit(*data)
    assert isinstance(model.alpha_, float)
    assert model.summary()


def test_groups_need_no_routing_and_may_be_routed(data):
    X, y = data
    groups = np.arange(80) % 7
    direct = GaussianMLRegressorCV(cv=GroupKFold(3)).fit(X, y, groups=groups)
    expected = GaussianMLRegressorCV(cv=list(GroupKFold(3).split(X, y, groups))).fit(
        X, y
    )
    assert direct.alpha_ == expected.alpha_
    with config_context(enable_metadata_routing=True):
        routed = GaussianMLRegressorCV(cv=GroupKFold(3)).fit(X, y, groups=groups)
        assert routed.alpha_ == expected.alpha_
        pipeline = make_pipeline(
            StandardScaler(), GaussianMLRegressorCV(cv=GroupKFold(3))
        )
        pipeline.fit(X, y, groups=groups)
        assert pipeline[-1].n_splits_ == 3
        weighted = GaussianMLRegressorCV(cv=GroupKFold(3)).fit(
            X, y, sample_weight=np.ones(80), groups=groups
        )
        assert weighted.alpha_ == pytest.approx(expected.alpha_, rel=1e-9)
    with pytest.raises((ValueError, TypeError), match="nonsense"):
        GaussianMLRegressorCV().fit(X, y, nonsense=groups)


FOLDS = np.repeat([2, 0, 1], [30, 25, 25])


def fold_statistics(X, y, weight=None, noise_scale=None):
    return [
        GaussianStatistics.from_data(
            X[fold == FOLDS],
            y[fold == FOLDS],
            None if weight is None else weight[fold == FOLDS],
            None if noise_scale is None else noise_scale[fold == FOLDS],
        )
        for fold in range(3)
    ]


@pytest.mark.parametrize("scoring", ["loglik", "neg_mean_squared_error"])
@pytest.mark.parametrize("selection", ["best", "one-standard-error"])
def test_statistics_of_folds_are_enough(data, scoring, selection):
    X, y = data
    rng = np.random.default_rng(0)
    weight, scale = rng.uniform(0.5, 2.0, 80), rng.uniform(0.5, 2.0, 80)
    settings = {"scoring": scoring, "selection": selection}
    rows = GaussianMLRegressorCV(cv=PredefinedSplit(FOLDS), **settings)
    rows.fit(X, y, weight, scale)
    alone = GaussianMLRegressorCV(**settings)
    alone.fit_statistics(fold_statistics(X, y, weight, scale))
    assert alone.alpha_ == pytest.approx(rows.alpha_, rel=1e-7)
    np.testing.assert_allclose(alone.coef_, rows.coef_, rtol=1e-7)
    np.testing.assert_allclose(
        alone.cv_results_["split1_test_score"], rows.cv_results_["split1_test_score"]
    )
    assert alone.statistics_.n_samples == 80


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda folds: folds[0], TypeError, "a single one"),
        (lambda folds: folds[:1], ValueError, "two statistics at least, got 1"),
        (lambda folds: [*folds, 3], TypeError, "got int"),
        (
            lambda folds: [*folds, GaussianStatistics.empty(12)],
            ValueError,
            "Fold 3 of folds has no rows",
        ),
        (
            lambda folds: [folds[0], folds[1].select([0, 1])],
            ValueError,
            "different features",
        ),
    ],
)
def test_folds_that_are_none(data, change, error, message):
    model = GaussianMLRegressorCV().fit(*data)
    before = dict(vars(model))
    with pytest.raises(error, match=message):
        model.fit_statistics(change(fold_statistics(*data)))
    assert vars(model) == before


def test_parameters_that_statistics_contradict(data):
    folds = fold_statistics(*data)
    for cv in (None, 3):
        assert GaussianMLRegressorCV(cv=cv).fit_statistics(folds).n_splits_ == 3
    for cv in (4, KFold(3)):
        with pytest.raises(ValueError, match=r"does not go with the 3 folds"):
            GaussianMLRegressorCV(cv=cv).fit_statistics(folds)
    with pytest.raises(ValueError, match="needs the leverages of the rows"):
        GaussianMLRegressorCV(scoring="predictive").fit_statistics(folds)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alphas": [-1.0]}, "finite and not negative"),
        ({"alphas": [np.inf]}, "finite and not negative"),
        ({"alphas": [np.nan, 1.0]}, "finite and not negative"),
        ({"alphas": []}, "must be a list of numbers"),
        ({"alphas": [[1.0]]}, "must be a list of numbers"),
        ({"alphas": 0}, "alphas"),
        ({"alphas": 1.5}, "alphas"),
        ({"cv": 1}, "cv"),
        ({"cv": 100}, "cv=100 greater than the number of samples"),
        ({"cv": []}, "has no splits"),
        ({"scoring": "r2"}, "scoring"),
        ({"selection": "worst"}, "selection"),
        ({"method": "map"}, "method"),
    ],
)
def test_bad_parameters_are_named_and_leave_the_fit(data, parameters, message):
    model = GaussianMLRegressorCV().fit(*data)
    model.set_params(**parameters)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(*data)
    assert vars(model) == before


def test_wide_sparse_rows_are_refused():
    X = sparse.random_array((20, 5000), density=0.01, random_state=0, format="csr")
    with pytest.raises(ValueError, match="5000 columns, more than 4096"):
        GaussianMLRegressorCV().fit(X, np.arange(20.0))


def test_splits_without_rows():
    X, y = np.arange(6.0).reshape(-1, 1), np.arange(6.0) % 2
    with pytest.raises(ValueError, match="no rows of positive weight"):
        GaussianMLRegressorCV(cv=3).fit(X, y, np.array([0, 0, 1, 1, 1, 1]))


def test_alphas_without_a_score_come_last_and_are_said():
    X = np.column_stack([np.arange(12.0), np.eye(12)[0]])
    y = np.arange(12.0) + np.arange(12) % 3
    model = GaussianMLRegressorCV(alphas=[0.0, 1.0, 10.0], refine=False)
    with pytest.warns(UserWarning, match="Scores of some alphas are not finite"):
        model.fit(X, y)
    assert model.cv_results_["rank_test_score"][0] == 3
    assert model.alpha_ > 0
    model.set_params(alphas=[0.0])
    with (
        pytest.warns(UserWarning, match="not finite"),
        pytest.raises(ValueError, match="No alpha has a finite score"),
    ):
        model.fit(X, y)


def test_it_is_a_gaussian_ml_regressor(data):
    X, y = data
    frame = pd.DataFrame(X, columns=[f"c{column}" for column in range(12)])
    model = GaussianMLRegressorCV().fit(frame, y)
    assert isinstance(model, GaussianMLRegressor)
    plain = GaussianMLRegressor(alpha=model.alpha_).fit(frame, y)
    assert model.loglik_ == plain.loglik_
    assert model.score_loglik(frame, y) == pytest.approx(model.loglik_)
    assert str(model.summary()) == str(plain.summary())
    for kind in ("plugin", "predictive", "mean"):
        one, other = (m.predict_dist(frame, kind=kind) for m in (model, plain))
        np.testing.assert_array_equal(one.std(), other.std())
    one, other = model.predict_dist(frame), plain.predict_dist(frame)
    np.testing.assert_array_equal(one.std(), other.std())
    plugin = clone(model).set_params(predict_kind="plugin").fit(frame, y)
    np.testing.assert_array_equal(plugin.predict_dist(frame).std(), model.sigma_)
    assert not hasattr(model, "partial_fit")
    assert clone(model).get_params() == model.get_params()
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
    assert model._repr_html_()


@pytest.mark.parametrize("cv", [None, 5])
def test_float32_and_units(data, cv):
    X, y = data
    X = X.astype(np.float32)
    exact = GaussianMLRegressorCV(cv=cv).fit(X.astype(np.float64), y)
    single = GaussianMLRegressorCV(cv=cv).fit(X, y)
    assert single.alpha_ == pytest.approx(exact.alpha_, rel=1e-9)
    for k in (1e-6, 1e6):
        scaled = GaussianMLRegressorCV(cv=cv).fit(X.astype(np.float64), k * y)
        assert scaled.alpha_ == pytest.approx(exact.alpha_, rel=1e-6)
        assert scaled.best_score_ == pytest.approx(exact.best_score_ - np.log(k))
        columns = GaussianMLRegressorCV(cv=cv).fit(k * X.astype(np.float64), y)
        assert columns.alpha_ == pytest.approx(exact.alpha_ * k**2, rel=1e-6)
        assert columns.best_score_ == pytest.approx(exact.best_score_)


@pytest.mark.parametrize("cv", [None, 4])
def test_large_constants_do_not_matter(data, cv):
    X, y = data
    here = GaussianMLRegressorCV(cv=cv).fit(X, y)
    far = GaussianMLRegressorCV(cv=cv).fit(X + 1e6, y - 1e6)
    assert far.alpha_ == pytest.approx(here.alpha_, rel=1e-5)
    assert far.best_score_ == pytest.approx(here.best_score_, rel=1e-8)


def test_order_of_rows_does_not_matter_when_each_is_left_out(data):
    X, y = data
    order = np.random.default_rng(0).permutation(80)
    one = GaussianMLRegressorCV().fit(X, y)
    other = GaussianMLRegressorCV().fit(X[order], y[order])
    assert other.alpha_ == pytest.approx(one.alpha_, rel=1e-7)
    assert other.best_score_ == pytest.approx(one.best_score_, rel=1e-13)


def test_weight_is_repetition_when_each_is_left_out(data):
    X, y = data
    weight = np.random.default_rng(0).integers(0, 4, 80)
    one = GaussianMLRegressorCV().fit(X, y, weight)
    other = GaussianMLRegressorCV().fit(np.repeat(X, weight, 0), np.repeat(y, weight))
    assert other.alpha_ == pytest.approx(one.alpha_, rel=1e-7)
    np.testing.assert_allclose(other.coef_, one.coef_, rtol=1e-6)
    assert other.best_score_ == pytest.approx(one.best_score_, rel=1e-12)
