"""MeanVarianceRegressor: the same likelihood, whatever the two regressors."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from reference_fits import columns, load
from scipy import stats
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_linnerud
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import GammaRegressor, LinearRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RepeatedKFold,
    TimeSeriesSplit,
    cross_val_predict,
)
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from sklearn_gml import (
    DegenerateFitWarning,
    GaussianMLRegressor,
    MeanVarianceRegressor,
    predict_dist,
)
from sklearn_gml.displays import CalibrationDisplay, PredictiveDisplay
from sklearn_gml.metrics import (
    interval_coverage_score,
    loglik_score,
    loglik_scorer,
    neg_crps_scorer,
)

X, Y = load_diabetes(return_X_y=True)
EXERCISE, BODY = load_linnerud(return_X_y=True)


def gamma(**parameters):
    """Unpenalised, to the last digits."""
    exact = {"alpha": 0.0, "solver": "newton-cholesky", "tol": 1e-12, "max_iter": 200}
    return GammaRegressor(**(exact | parameters))


def boosted(**parameters):
    return HistGradientBoostingRegressor(random_state=0, **parameters)


def noisy(seed, n=400, p=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    y = 1 + X.sum(axis=1) + np.exp(0.3 + X @ [0.4, -0.3, 0.2]) * rng.normal(size=n)
    return X, y, rng.integers(0, 4, n).astype(float)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn_gml.DegenerateFitWarning")
@pytest.mark.filterwarnings("ignore::sklearn_gml.RankDeficiencyWarning")
@pytest.mark.parametrize(
    "model",
    [
        MeanVarianceRegressor(),
        MeanVarianceRegressor(LinearRegression(), cv="in-sample"),
        MeanVarianceRegressor(Ridge(), GammaRegressor()),
        MeanVarianceRegressor(Ridge(), GammaRegressor(), n_rounds=3),
        MeanVarianceRegressor(GaussianMLRegressor(noise="log-linear", noise_alpha=1.0)),
    ],
    ids=str,
)
def test_every_check_of_scikit_learn_passes(model):
    results = check_estimator(model, on_skip=None, on_fail="raise")
    assert len(results) > 40
    skipped = {r["check_name"] for r in results if r["status"] == "skipped"}
    assert skipped <= {"check_array_api_input"}


# The same likelihood


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_least_squares_and_gamma_arrive_at_the_joint_maximum(seed, weighted):
    X, y, weight = noisy(seed)
    weight = weight if weighted else None
    joint = GaussianMLRegressor(noise="log-linear", noise_floor=0.0)
    joint.fit(X, y, weight)
    turns = MeanVarianceRegressor(
        LinearRegression(), gamma(), cv="in-sample", n_rounds=20
    ).fit(X, y, weight)
    gaps = joint.loglik_ - turns.loglik_path_
    assert gaps[0] > 1e-2
    assert gaps[2] < 1e-3 * gaps[0]
    assert abs(gaps[-1]) < 1e-11 * abs(joint.loglik_)
    assert np.all(np.diff(turns.loglik_path_) >= 0)
    np.testing.assert_allclose(turns.mean_.coef_, joint.coef_, rtol=1e-6)
    np.testing.assert_allclose(turns.sigma_, joint.sigma_, rtol=1e-6)
    # The gamma regression is one of the variance, that is of twice log sigma.
    np.testing.assert_allclose(turns.variance_.coef_ / 2, joint.noise_coef_, rtol=1e-5)
    assert turns.score_loglik(X, y, weight) == pytest.approx(turns.loglik_path_[-1])


@pytest.mark.parametrize("name", ["hetero_engel", "hetero_orthodont"])
def test_the_joint_maximum_is_that_of_r(name):
    case = load(name)
    mean_terms, noise_terms = case["model"]["mean_terms"], case["model"]["logsd_terms"]
    X, y = columns(case, mean_terms), np.array(case["columns"][case["model"]["y"]])
    chosen = [mean_terms[1:].index(term) for term in noise_terms[1:]]
    noise = make_pipeline(
        ColumnTransformer([("noise", StandardScaler(), chosen)]), gamma()
    )
    model = MeanVarianceRegressor(
        LinearRegression(), noise, cv="in-sample", n_rounds=60
    ).fit(X, y)
    truth = case["truth"]["ml"]
    assert model.loglik_path_[-1] == pytest.approx(truth["loglik"], abs=1e-9)
    found = [model.mean_.intercept_, *model.mean_.coef_]
    errors = (found - np.array(truth["coef_mean"])) / truth["se_observed"]["mean"]
    assert np.max(np.abs(errors)) < 1e-5


def test_one_sigma_in_sample_is_the_linear_model():
    model = MeanVarianceRegressor(cv="in-sample").fit(X, Y)
    linear = GaussianMLRegressor().fit(X, Y)
    assert model.loglik_path_ == pytest.approx([linear.loglik_], rel=1e-13)
    assert model.sigma_ == pytest.approx(linear.sigma_, rel=1e-13)
    assert model.variance_ is None


@pytest.mark.parametrize(
    "pair",
    [
        (Ridge(1.0), GammaRegressor(alpha=1.0)),
        (boosted(max_iter=30), boosted(loss="gamma", max_iter=10)),
        (RandomForestRegressor(20, min_samples_leaf=20, random_state=0), gamma()),
    ],
    ids=["penalised", "boosted", "forest"],
)
def test_the_likelihood_never_falls_in_sample(pair, request):
    X, y, _ = noisy(0)
    model = MeanVarianceRegressor(*pair, cv="in-sample", n_rounds=6).fit(X, y)
    assert len(model.loglik_path_) == model.n_iter_
    # Trees of scikit-learn 1.6 gain nothing in the second round of this pair.
    assert model.n_iter_ > (0 if "boosted" in request.node.callspec.id else 1)
    assert np.all(np.diff(model.loglik_path_) >= 0)
    assert model.score_loglik(X, y) == pytest.approx(model.loglik_path_[-1])


def test_penalties_keep_their_meaning_under_the_weights_of_later_rounds():
    X, y, _ = noisy(1)
    for alpha in (1.0, 30.0):
        model = MeanVarianceRegressor(
            Ridge(alpha), gamma(), cv="in-sample", n_rounds=2
        ).fit(X, y)
        first = MeanVarianceRegressor(Ridge(alpha), gamma(), cv="in-sample").fit(X, y)
        sigma = first.predict(X, return_std=True)[1]
        weight = stats.gmean(sigma) ** 2 / sigma**2
        expected = Ridge(alpha).fit(X, y, weight).coef_
        np.testing.assert_allclose(model.mean_.coef_, expected, rtol=1e-10)


# Where residuals come from


def test_residuals_are_out_of_fold():
    forest = RandomForestRegressor(30, random_state=0)
    folds = KFold(4, shuffle=True, random_state=1)
    model = MeanVarianceRegressor(forest, cv=folds).fit(X, Y)
    residual = Y - cross_val_predict(forest, X, Y, cv=folds)
    assert model.sigma_ == pytest.approx(np.sqrt(np.mean(residual**2)), rel=1e-12)
    expected = stats.norm(0, model.sigma_).logpdf(residual).sum()
    assert model.loglik_path_ == pytest.approx([expected], rel=1e-12)
    in_sample = MeanVarianceRegressor(forest, cv="in-sample").fit(X, Y)
    assert in_sample.sigma_ < 0.5 * model.sigma_
    # Splits may be given as they are, and as masks.
    for splits in (
        list(folds.split(X)),
        [(~np.isin(np.arange(len(X)), test), test) for _, test in folds.split(X)],
    ):
        same = MeanVarianceRegressor(forest, cv=splits).fit(X, Y)
        assert same.sigma_ == model.sigma_


def test_rows_of_no_test_fold_and_of_several():
    linear, in_time = LinearRegression(), TimeSeriesSplit(4)
    model = MeanVarianceRegressor(linear, cv=in_time).fit(X, Y)
    residuals = [
        Y[test] - clone(linear).fit(X[train], Y[train]).predict(X[test])
        for train, test in in_time.split(X)
    ]
    expected = np.sqrt(np.mean(np.concatenate(residuals) ** 2))
    assert model.sigma_ == pytest.approx(expected, rel=1e-12)

    repeated = RepeatedKFold(n_splits=5, n_repeats=3, random_state=0)
    model = MeanVarianceRegressor(linear, cv=repeated).fit(X, Y)
    squares = [
        np.mean((Y[test] - clone(linear).fit(X[train], Y[train]).predict(X[test])) ** 2)
        * len(test)
        for train, test in repeated.split(X)
    ]
    expected = np.sqrt(np.sum(squares) / (3 * len(Y)))
    assert model.sigma_ == pytest.approx(expected, rel=1e-12)


def test_a_mean_that_is_fitted_already_stays_as_it_is():
    mean = RandomForestRegressor(30, random_state=0).fit(X[:200], Y[:200])
    model = MeanVarianceRegressor(mean, gamma(), cv="prefit").fit(X[200:], Y[200:])
    assert model.mean_ is mean
    residual = Y[200:] - mean.predict(X[200:])
    variance = gamma().fit(X[200:], residual**2).predict(X)
    std = model.predict(X, return_std=True)[1]
    np.testing.assert_allclose(std, np.sqrt(variance), rtol=1e-8)
    # scikit-learn's own way to say it.
    frozen = MeanVarianceRegressor(FrozenEstimator(mean), gamma(), cv=3)
    other = frozen.fit(X[200:], Y[200:]).predict(X, return_std=True)[1]
    np.testing.assert_allclose(other, std, rtol=1e-8)
    with pytest.raises(ValueError, match=r"n_rounds=2.*cv='prefit'"):
        model.set_params(n_rounds=2).fit(X, Y)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        MeanVarianceRegressor(Ridge(), cv="prefit").fit(X, Y)

    both = LinearRegression().fit(EXERCISE[:10], BODY[:10])
    model = MeanVarianceRegressor(both, cv="prefit").fit(EXERCISE[10:], BODY[10:])
    assert model.mean_ is both
    rms = np.sqrt(np.mean((BODY[10:] - both.predict(EXERCISE[10:])) ** 2, axis=0))
    np.testing.assert_allclose(model.sigma_, rms, rtol=1e-12)


# Weights, targets, containers


def test_weights_are_repetitions():
    X, y, weight = noisy(2)
    model = MeanVarianceRegressor(Ridge(), gamma(), cv="in-sample", n_rounds=3)
    weighted = clone(model).fit(X, y, weight)
    times = weight.astype(int)
    repeated = clone(model).fit(X.repeat(times, axis=0), y.repeat(times))
    np.testing.assert_allclose(
        weighted.predict(X, return_std=True),
        repeated.predict(X, return_std=True),
        rtol=1e-8,
    )
    np.testing.assert_allclose(weighted.loglik_path_, repeated.loglik_path_, rtol=1e-10)
    assert weighted.score_loglik(X, y, weight) == pytest.approx(
        weighted.loglik_path_[-1]
    )
    per_row = weighted.score_loglik(X, y, weight, normalize=True)
    assert per_row == pytest.approx(weighted.loglik_path_[-1] / weight.sum())


@pytest.mark.parametrize("cv", [4, "in-sample"])
def test_rows_of_weight_zero_take_no_part(cv):
    X, y, weight = noisy(3)
    broken_X, broken_y = X.copy(), y.copy()
    broken_X[weight == 0], broken_y[weight == 0] = 1e200, np.nan
    model = MeanVarianceRegressor(Ridge(), gamma(), cv=cv, n_rounds=2)
    expected = clone(model).fit(X, y, weight).predict(X, return_std=True)
    found = clone(model).fit(broken_X, broken_y, weight).predict(X, return_std=True)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("factor", [1e-300, 1e-3, 1e290])
def test_a_common_factor_of_all_weights_changes_nothing(factor):
    X, y, weight = noisy(4)
    model = MeanVarianceRegressor(variance=gamma(), n_rounds=2)
    expected = clone(model).fit(X, y, weight).predict(X, return_std=True)
    found = clone(model).fit(X, y, factor * weight).predict(X, return_std=True)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("unit", [1e-170, 1e-3, 1e9, 1e150])
def test_units_of_y(unit):
    X, y, _ = noisy(5)
    model = MeanVarianceRegressor(LinearRegression(), gamma(), n_rounds=2)
    mean, std = clone(model).fit(X, y).predict(X, return_std=True)
    scaled = clone(model).fit(X, unit * y)
    found = np.array(scaled.predict(X, return_std=True))
    np.testing.assert_allclose(found / unit, [mean, std], rtol=1e-7)
    gain = clone(model).fit(X, y).loglik_path_ - scaled.loglik_path_
    np.testing.assert_allclose(gain, len(y) * np.log(unit), rtol=1e-10)


@pytest.mark.parametrize("cv", [4, "in-sample"])
def test_several_targets_are_several_models(cv):
    model = MeanVarianceRegressor(Ridge(), gamma(), cv=cv, n_rounds=3)
    several = clone(model).fit(EXERCISE, BODY)
    single = [clone(model).fit(EXERCISE, target) for target in BODY.T]
    mean, std = several.predict(EXERCISE, return_std=True)
    for column, one in enumerate(single):
        expected = one.predict(EXERCISE, return_std=True)
        np.testing.assert_allclose(mean[:, column], expected[0], rtol=1e-12)
        np.testing.assert_allclose(std[:, column], expected[1], rtol=1e-12)
    np.testing.assert_allclose(several.sigma_, [one.sigma_ for one in single])
    last = sum(one.loglik_path_[-1] for one in single)
    assert several.loglik_path_[-1] == pytest.approx(last, rel=1e-12)
    density = sum(
        one.loglik_samples(EXERCISE, y) for one, y in zip(single, BODY.T, strict=True)
    )
    np.testing.assert_allclose(several.loglik_samples(EXERCISE, BODY), density)
    # A column is one target, with the shape of a column.
    column = clone(model).fit(EXERCISE, BODY[:, :1])
    assert column.predict(EXERCISE).shape == (len(EXERCISE), 1)
    np.testing.assert_array_equal(column.predict(EXERCISE)[:, 0], mean[:, 0])


def test_frames_texts_and_missing_values_reach_the_regressors():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.uniform(size=300), "kind": ["a", "b", "c"] * 100})
    y = frame["size"] + np.where(frame["kind"] == "a", 1.0, 0.1) * rng.normal(size=300)
    encoded = ColumnTransformer(
        [("kind", OneHotEncoder(drop="first"), ["kind"])], remainder="passthrough"
    )
    model = MeanVarianceRegressor(
        make_pipeline(encoded, LinearRegression()),
        make_pipeline(clone(encoded), gamma()),
        n_rounds=2,
    ).fit(frame, y)
    assert list(model.feature_names_in_) == ["size", "kind"]
    assert model.n_features_in_ == 2
    std = model.predict(frame, return_std=True)[1]
    assert std[frame["kind"] == "a"].min() > 3 * std[frame["kind"] == "b"].max()
    with pytest.raises(ValueError, match="missing"):
        model.predict(frame.drop(columns="kind"))

    trees = MeanVarianceRegressor(boosted(max_iter=5), boosted(loss="gamma"))
    assert get_tags(trees).input_tags.allow_nan
    assert not get_tags(trees.set_params(variance=gamma())).input_tags.allow_nan
    assert not get_tags(MeanVarianceRegressor()).input_tags.allow_nan
    holes = np.where(rng.uniform(size=X.shape) < 0.1, np.nan, X)
    trees.set_params(variance=boosted(loss="gamma", max_iter=5)).fit(holes, Y)
    assert np.all(np.isfinite(trees.predict(holes, return_std=True)))
    with pytest.raises(ValueError, match="NaN"):
        MeanVarianceRegressor().fit(holes, Y)


# Metadata


def without_weights():
    return KNeighborsRegressor(3)


@pytest.mark.parametrize(
    ("model", "named", "weight"),
    [
        (MeanVarianceRegressor(without_weights(), n_rounds=2), "mean=KNeig", None),
        (MeanVarianceRegressor(without_weights()), "mean=KNeig", np.ones(len(X))),
        (
            MeanVarianceRegressor(variance=without_weights()),
            "variance=KNeig",
            np.ones(len(X)),
        ),
        (
            MeanVarianceRegressor(
                make_pipeline(StandardScaler(), without_weights()), n_rounds=2
            ),
            r"mean=Pipeline(.|\n)*KNeig",
            None,
        ),
    ],
    ids=str,
)
def test_who_takes_no_weights_is_named(model, named, weight):
    before = dict(vars(model))
    with pytest.raises(TypeError, match=f"{named}(.|\n)*takes no weights"):
        model.fit(X, Y, weight)
    assert vars(model) == before


def test_without_weights_one_round_needs_none():
    model = MeanVarianceRegressor(without_weights(), KNeighborsRegressor(30)).fit(X, Y)
    assert model.n_iter_ == 1


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: make_pipeline(StandardScaler(), inner),
        lambda inner: make_pipeline(make_pipeline(StandardScaler(), inner)),
        lambda inner: GridSearchCV(inner, {"alpha": [1e-3]}, cv=3),
        lambda inner: TransformedTargetRegressor(inner, func=None),
    ],
    ids=["pipeline", "nested", "search", "target"],
)
def test_weights_reach_the_regressor_inside(wrap):
    X, y, weight = noisy(6)
    alone = MeanVarianceRegressor(Ridge(1e-3), gamma(), n_rounds=2)
    inside = MeanVarianceRegressor(wrap(Ridge(1e-3)), gamma(), n_rounds=2)
    for weights in (None, weight):
        expected = clone(alone).fit(X, y, weights).predict(X, return_std=True)
        found = clone(inside).fit(X, y, weights).predict(X, return_std=True)
        np.testing.assert_allclose(found, expected, rtol=1e-3)
        unweighted = Ridge(1e-3).fit(X, y).predict(X)
        assert np.max(np.abs(unweighted / expected[0] - 1)) > 1e-2


def test_metadata_routing():
    X, y, weight = noisy(7)
    scale = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        mean = GaussianMLRegressor().set_fit_request(
            sample_weight=True, noise_scale=True
        )
        variance = gamma().set_fit_request(sample_weight=False)
        model = MeanVarianceRegressor(mean, variance, cv=GroupKFold(4))
        groups = np.arange(len(y)) % 7
        model.fit(X, y, sample_weight=weight, noise_scale=scale, groups=groups)
        expected = GaussianMLRegressor().fit(X, y, weight, noise_scale=scale)
        np.testing.assert_array_equal(model.mean_.coef_, expected.coef_)
        residual = np.empty_like(y)
        for train, test in GroupKFold(4).split(X, y, groups):
            one = GaussianMLRegressor().fit(
                X[train], y[train], weight[train], noise_scale=scale[train]
            )
            residual[test] = y[test] - one.predict(X[test])
        counted = weight > 0
        expected = gamma().fit(X[counted], residual[counted] ** 2).predict(X)
        std = model.predict(X, return_std=True)[1]
        np.testing.assert_allclose(std, np.sqrt(expected), rtol=1e-7)

        # A pipeline passes weights on where it is asked to, and is named if not.
        inner = make_pipeline(StandardScaler(), LinearRegression())
        model = MeanVarianceRegressor(inner, gamma(), n_rounds=2)
        with pytest.raises(TypeError, match=r"set_fit_request\(sample_weight=True\)"):
            model.fit(X, y)
        asked = LinearRegression().set_fit_request(sample_weight=True)
        quiet = StandardScaler().set_fit_request(sample_weight=False)
        model.set_params(mean=make_pipeline(quiet, asked)).fit(X, y)
        plain = MeanVarianceRegressor(LinearRegression(), gamma(), n_rounds=2).fit(X, y)
        np.testing.assert_allclose(model.predict(X), plain.predict(X), rtol=1e-9)

        # None is our own regressor, which takes weights; others have to be asked.
        MeanVarianceRegressor().fit(X, y, sample_weight=weight)
        with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError):
            MeanVarianceRegressor(Ridge()).fit(X, y, sample_weight=weight)
        search = GridSearchCV(
            MeanVarianceRegressor(Ridge().set_fit_request(sample_weight=True))
            .set_fit_request(sample_weight=True)
            .set_score_request(sample_weight=True),
            {"mean__alpha": [0.1, 1.0]},
        ).fit(X, y, sample_weight=weight)
        assert search.best_estimator_.mean_.coef_.shape == (3,)
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        MeanVarianceRegressor().fit(X, y, groups=groups)


# In the tools around it


def test_function_scorers_searches_and_displays():
    pytest.importorskip("matplotlib")
    model = make_pipeline(
        StandardScaler(), MeanVarianceRegressor(Ridge(), GammaRegressor())
    )
    grid = {
        "meanvarianceregressor__mean__alpha": [1e-3, 1e4],
        "meanvarianceregressor__variance__alpha": [1e-3, 1e4],
    }
    for scorer in (loglik_scorer, neg_crps_scorer, "r2"):
        search = GridSearchCV(model, grid, scoring=scorer, cv=3).fit(X, Y)
        assert search.best_params_["meanvarianceregressor__mean__alpha"] == 1e-3
    inner = search.best_estimator_[-1]
    scaled = search.best_estimator_[:-1].transform(X)
    distribution = predict_dist(search, X)
    assert distribution.dist.name == "norm"
    mean, std = inner.predict(scaled, return_std=True)
    np.testing.assert_array_equal(distribution.mean(), mean)
    np.testing.assert_allclose(distribution.std(), std)
    density = inner.loglik_samples(scaled, Y)
    np.testing.assert_allclose(density, distribution.logpdf(Y))
    assert loglik_score(Y, distribution) == pytest.approx(density.mean())
    PredictiveDisplay.from_estimator(search, X, Y, feature=2)
    CalibrationDisplay.from_estimator(search, X, Y)
    copied = pickle.loads(pickle.dumps(inner))
    np.testing.assert_array_equal(copied.predict(scaled), mean)


def test_of_a_transformed_target():
    model = TransformedTargetRegressor(
        MeanVarianceRegressor(LinearRegression(), gamma()),
        func=np.log,
        inverse_func=np.exp,
    ).fit(X, Y)
    distribution = predict_dist(model, X)
    assert distribution.dist.name == "lognorm"
    plain = MeanVarianceRegressor(LinearRegression(), gamma()).fit(X, np.log(Y))
    expected = plain.loglik_samples(X, np.log(Y)) - np.log(Y)
    np.testing.assert_allclose(distribution.logpdf(Y), expected, rtol=1e-10)


def test_kinds_of_distribution():
    model = MeanVarianceRegressor(Ridge(), gamma()).fit(X, Y)
    expected = model.predict_dist(X).logpdf(Y)
    for kind in (None, "auto", "plugin"):
        found = predict_dist(model, X, kind=kind).logpdf(Y)
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(ValueError, match="kind='predictive'"):
        predict_dist(model, X, kind="predictive")


def test_score_is_r2_of_the_mean():
    model = MeanVarianceRegressor(Ridge()).fit(X, Y)
    assert model.score(X, Y) == pytest.approx(Ridge().fit(X, Y).score(X, Y))


# What goes wrong


def test_a_variance_has_to_be_positive():
    X, y, _ = noisy(8)
    model = MeanVarianceRegressor(variance=LinearRegression())
    with pytest.raises(ValueError, match=r"variance=LinearRegression\(\) predicts -"):
        model.fit(X, y)
    assert not hasattr(model, "mean_")
    # Positive on the training rows, negative far away.
    model = MeanVarianceRegressor(variance=Ridge(1e4)).fit(X, y)
    with pytest.raises(ValueError, match="gamma deviance"):
        model.predict(-1e3 * model.variance_.coef_.reshape(1, -1), return_std=True)


class Broken(LinearRegression):
    def predict(self, X):
        return np.full(len(X), np.nan)


class Wide(LinearRegression):
    def predict(self, X):
        return np.ones((len(X), 2))


def test_predictions_have_to_be_numbers_of_the_right_shape():
    with pytest.raises(ValueError, match=r"mean=Broken\(\) predicts values that are"):
        MeanVarianceRegressor(Broken()).fit(X, Y)
    with pytest.raises(ValueError, match=r"mean=Wide\(\) predicts an array of shape"):
        MeanVarianceRegressor(Wide()).fit(X, Y)
    with pytest.raises(ValueError, match="y has shape"):
        MeanVarianceRegressor().fit(X, Y).loglik_samples(X, np.c_[Y, Y])


def test_a_perfect_fit_has_no_maximum():
    X = np.arange(20.0).reshape(-1, 1)
    model = MeanVarianceRegressor(LinearRegression(), gamma())
    with pytest.warns(DegenerateFitWarning, match="no noise left"):
        model.fit(X, np.zeros(20))
    assert 0 < model.sigma_ < 1e-14
    assert np.isfinite(model.loglik_path_).all()


@pytest.mark.parametrize(
    "parameters",
    [{"cv": "out-of-fold"}, {"n_rounds": 0}, {"mean": 3}, {"variance": "gamma"}],
    ids=str,
)
def test_wrong_parameters_are_named(parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"The '{name}' parameter"):
        MeanVarianceRegressor().set_params(**parameters).fit(X, Y)


def test_folds_have_to_test_something():
    with pytest.raises(ValueError, match="no row of positive weight in a test fold"):
        MeanVarianceRegressor(cv=[(np.arange(10), [])]).fit(X, Y)


# How good it is


def nonlinear(seed, n):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, size=(n, 3))
    mean = np.sin(2 * X[:, 0]) + X[:, 1] ** 2 / 2
    sigma = np.exp(-0.7 + 0.6 * np.sin(1.5 * X[:, 2]))
    return X, mean + sigma * rng.normal(size=n), stats.norm(mean, sigma)


def test_simulated_truth():
    """Nonlinear mean and variance, 8,000 rows; thresholds of the issue tracker."""
    train, y, _ = nonlinear(0, 8_000)
    test, outcome, truth = nonlinear(1, 8_000)
    steps = {"max_iter": 100, "learning_rate": 0.05, "max_leaf_nodes": 8}
    mean = boosted(**steps | {"max_iter": 150})
    pair = MeanVarianceRegressor(mean, boosted(loss="gamma", **steps)).fit(train, y)
    one_sigma = MeanVarianceRegressor(mean).fit(train, y)
    trees = RandomForestRegressor(20, min_samples_leaf=5, random_state=0)
    forest = MeanVarianceRegressor(trees).fit(train, y)
    found = loglik_score(outcome, pair.predict_dist(test))
    assert found > loglik_score(outcome, truth) - 0.05
    assert found > loglik_score(outcome, one_sigma.predict_dist(test)) + 0.1
    for model in (pair, forest):
        inside = interval_coverage_score(outcome, model.predict_dist(test), 0.9)
        assert 0.88 < inside < 0.92
