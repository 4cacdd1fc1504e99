"""Everything of scikit-learn's that takes a regressor, with the numbers it gives.

Each case returns what comes out with ours inside and what comes out with the
scikit-learn estimator of the same coefficients, or is otherwise known.
"""

import copy
import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import stats
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_linnerud
from sklearn.ensemble import BaggingRegressor, StackingRegressor, VotingRegressor
from sklearn.experimental import (
    enable_halving_search_cv,  # noqa: F401
    enable_iterative_imputer,  # noqa: F401
)
from sklearn.feature_selection import RFE, SelectFromModel, SequentialFeatureSelector
from sklearn.impute import IterativeImputer
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import BayesianRidge, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_gml import GaussianMLRegressor
from sklearn_gml.metrics import loglik_scorer

X, Y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
EXERCISE, BODY = load_linnerud(return_X_y=True)
ALPHAS = [0.01, 1.0, 100.0]

# Both solve the same equations, of a condition that costs at most five digits.
RTOL = 1e-9


def ridge(**parameters):
    """The same coefficients: an SVD, which does not square the condition."""
    return Ridge(**{"alpha": 0.0, "solver": "svd"} | parameters)


CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def wrapped_both(wrap, X=X, Y=Y):
    """Predictions of the same wrapper around ours and around theirs."""
    return [
        wrap(inner).fit(X, Y).predict(X) for inner in (GaussianMLRegressor(), ridge())
    ]


@case
def pipeline():
    return wrapped_both(lambda inner: make_pipeline(StandardScaler(), inner))


@case
def column_transformer_with_pandas_output():
    frame = X.assign(sex=np.where(X["sex"] == 1, "one", "two"))
    columns = ColumnTransformer(
        [("sex", OneHotEncoder(drop="if_binary", sparse_output=False), ["sex"])],
        remainder=StandardScaler(),
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    ours = make_pipeline(clone(columns), GaussianMLRegressor()).fit(frame, Y)
    assert list(ours[-1].feature_names_in_) == ["sex_two", *X.columns.drop("sex")]
    theirs = make_pipeline(clone(columns), ridge()).fit(frame, Y)
    return ours[-1].coef_, theirs[-1].coef_


@case
def grid_search_over_alpha_and_intercept():
    grid = {"alpha": ALPHAS, "fit_intercept": [True, False]}
    ours, theirs = (
        GridSearchCV(inner, grid).fit(X, Y)
        for inner in (GaussianMLRegressor(), ridge())
    )
    assert ours.best_params_ == theirs.best_params_
    return ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"]


@case
def grid_search_over_method():
    plugin = GaussianMLRegressor(predict_kind="plugin")
    search = GridSearchCV(
        plugin, {"method": ["ml", "reml"]}, scoring=loglik_scorer, cv=4
    ).fit(X, Y)
    scores = cross_val_predict_of_normal(cv=4)
    return search.cv_results_["mean_test_score"], [scores["ml"], scores["reml"]]


def cross_val_predict_of_normal(cv):
    """Mean log-density under theirs, with both estimates of sigma."""
    folds = cross_validate(
        ridge(), X, Y, cv=cv, return_estimator=True, return_indices=True
    )
    scores = {"ml": [], "reml": []}
    for model, train, test in zip(
        folds["estimator"], *folds["indices"].values(), strict=True
    ):
        squares = np.sum((Y.iloc[train] - model.predict(X.iloc[train])) ** 2)
        for method, freedom in (("ml", len(train)), ("reml", len(train) - 11)):
            sigma = np.sqrt(squares / freedom)
            density = stats.norm.logpdf(
                Y.iloc[test], model.predict(X.iloc[test]), sigma
            )
            scores[method].append(density.mean())
    return {method: np.mean(values) for method, values in scores.items()}


@case
def grid_search_over_noise():
    grid = {"noise": ["constant", "log-linear"], "noise_columns": [["s5"], ["bmi"]]}
    plugin = GaussianMLRegressor(predict_kind="plugin")
    search = GridSearchCV(plugin, grid, scoring=loglik_scorer, cv=4).fit(X, Y)
    expected = []
    for parameters in search.cv_results_["params"]:
        folds = cross_validate(
            GaussianMLRegressor(predict_kind="plugin", **parameters),
            X,
            Y,
            cv=4,
            return_estimator=True,
            return_indices=True,
        )
        densities = [
            stats.norm.logpdf(
                Y.iloc[test], *model.predict(X.iloc[test], return_std=True)
            ).mean()
            for model, test in zip(
                folds["estimator"], folds["indices"]["test"], strict=True
            )
        ]
        expected.append(np.mean(densities))
    return search.cv_results_["mean_test_score"], expected


@case
def halving_grid_search():
    ours, theirs = (
        HalvingGridSearchCV(inner, {"alpha": ALPHAS}, random_state=0).fit(X, Y)
        for inner in (GaussianMLRegressor(), ridge())
    )
    assert ours.best_params_ == theirs.best_params_
    return ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"]


@case
def cross_validate_with_return_estimator():
    ours, theirs = (
        cross_validate(inner, X, Y, return_estimator=True)["estimator"]
        for inner in (GaussianMLRegressor(), ridge())
    )
    return [m.coef_ for m in ours], [m.coef_ for m in theirs]


@case
def cross_val_prediction():
    return [
        cross_val_predict(inner, X, Y) for inner in (GaussianMLRegressor(), ridge())
    ]


@case
def learning_curves():
    ours, theirs = (
        np.concatenate(learning_curve(inner, X, Y)[1:], axis=1)
        for inner in (GaussianMLRegressor(), ridge())
    )
    return ours, theirs


@case
def transformed_target():
    return wrapped_both(
        lambda inner: TransformedTargetRegressor(
            inner, func=np.log, inverse_func=np.exp
        )
    )


@case
def multi_output():
    ours, theirs = wrapped_both(MultiOutputRegressor, EXERCISE, BODY)
    np.testing.assert_allclose(
        ours, GaussianMLRegressor().fit(EXERCISE, BODY).predict(EXERCISE), rtol=RTOL
    )
    return ours, theirs


@case
def regressor_chain():
    return wrapped_both(
        lambda inner: RegressorChain(inner, order=[2, 0, 1]), EXERCISE, BODY
    )


@case
def bagging():
    return wrapped_both(lambda inner: BaggingRegressor(inner, random_state=0))


@case
def stacking():
    return wrapped_both(
        lambda inner: StackingRegressor(
            [("a", inner), ("b", clone(inner).set_params(alpha=9.0))], clone(inner)
        )
    )


@case
def voting():
    return wrapped_both(
        lambda inner: VotingRegressor([("a", inner), ("b", Ridge(9.0))])
    )


@case
def recursive_feature_elimination():
    ours, theirs = (
        RFE(inner, n_features_to_select=4).fit(X, Y)
        for inner in (GaussianMLRegressor(), ridge())
    )
    assert ours.support_.sum() == 4
    return ours.ranking_, theirs.ranking_


@case
def selection_from_model():
    scaled = StandardScaler().fit_transform(X)
    ours, theirs = (
        SelectFromModel(inner, threshold="median").fit(scaled, Y)
        for inner in (GaussianMLRegressor(), ridge())
    )
    assert ours.get_support().sum() == 5
    return ours.get_support(), theirs.get_support()


@case
def sequential_selection_by_loglik():
    ours = SequentialFeatureSelector(
        GaussianMLRegressor(), n_features_to_select=3, scoring=loglik_scorer
    ).fit(X, Y)
    theirs = SequentialFeatureSelector(
        ridge(), n_features_to_select=3, scoring="neg_mean_squared_error"
    ).fit(X, Y)
    # The two scores are not the same, but here they agree on which three.
    return ours.get_support(), theirs.get_support()


@case
def permutation_importances():
    ours, theirs = (
        permutation_importance(inner.fit(X, Y), X, Y, random_state=0).importances
        for inner in (GaussianMLRegressor(), ridge())
    )
    return ours, theirs


@case
def partial_dependences():
    ours, theirs = (
        partial_dependence(inner.fit(X, Y), X, ["bmi"])["average"]
        for inner in (GaussianMLRegressor(), ridge())
    )
    return ours, theirs


@case
def copies():
    model = GaussianMLRegressor(alpha=2.0).fit(X, Y)
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    twins = [
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
        joblib.load(file),
        clone(model).fit(X, Y),
    ]
    distributions = [twin.predict_dist(X).logpdf(Y) for twin in twins]
    return distributions, [model.predict_dist(X).logpdf(Y)] * len(twins)


@case
def return_std_through_a_pipeline():
    plugin = GaussianMLRegressor(predict_kind="plugin")
    model = make_pipeline(StandardScaler(), plugin).fit(X, Y)
    mean, std = model.predict(X, return_std=True)
    theirs = ridge().fit(X, Y).predict(X)
    rms = np.sqrt(np.mean((Y - theirs) ** 2))
    return np.column_stack([mean, std]), np.column_stack([theirs, np.full(len(Y), rms)])


@case
def return_std_with_metadata_routing():
    with sklearn.config_context(enable_metadata_routing=True):
        inner = GaussianMLRegressor().set_predict_request(return_std=True)
        routed = make_pipeline(StandardScaler(), inner).fit(X, Y)
        with_routing = routed.predict(X, return_std=True)
    without = make_pipeline(StandardScaler(), GaussianMLRegressor()).fit(X, Y)
    return with_routing, without.predict(X, return_std=True)


@case
def weights_through_metadata_routing():
    weight = np.random.default_rng(0).integers(1, 4, len(Y))
    with sklearn.config_context(enable_metadata_routing=True):
        found = [
            GridSearchCV(
                inner.set_fit_request(sample_weight=True).set_score_request(
                    sample_weight=True
                ),
                {"alpha": ALPHAS},
            )
            .fit(X, Y, sample_weight=weight)
            .cv_results_["mean_test_score"]
            for inner in (GaussianMLRegressor(), ridge())
        ]
    return found


@case
def weights_without_metadata_routing():
    weight = np.random.default_rng(0).integers(1, 4, len(Y))
    ours, theirs = (
        make_pipeline(StandardScaler(), inner).fit(
            X, Y, **{f"{type(inner).__name__.lower()}__sample_weight": weight}
        )
        for inner in (GaussianMLRegressor(), ridge())
    )
    return ours.predict(X), theirs.predict(X)


@pytest.mark.parametrize("name", CASES)
def test_numbers(name):
    ours, theirs = (np.asarray(values, dtype=float) for values in CASES[name]())
    scale = np.max(np.abs(theirs))
    np.testing.assert_allclose(ours, theirs, rtol=RTOL, atol=RTOL * scale)


def test_imputation_draws_from_the_predicted_distribution():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(3000)
    frame = np.column_stack([x, 2.0 * x + 0.5 * rng.standard_normal(3000)])
    missing = np.arange(3000) % 3 == 0
    holes = frame.copy()
    holes[missing, 1] = np.nan
    imputer = IterativeImputer(
        GaussianMLRegressor(), sample_posterior=True, max_iter=1, random_state=0
    )
    filled = imputer.fit_transform(holes)[missing, 1]
    model = GaussianMLRegressor().fit(x[~missing, None], frame[~missing, 1])
    uniform = model.predict_dist(x[missing, None]).cdf(filled)
    assert stats.kstest(uniform, "uniform").pvalue > 1e-3


def test_partial_dependence_display():
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot as plt
    from sklearn.inspection import PartialDependenceDisplay

    model = GaussianMLRegressor().fit(X, Y)
    display = PartialDependenceDisplay.from_estimator(model, X, ["bmi"])
    x, y = display.lines_[0, 0].get_data()
    plt.close("all")
    # A line, with the slope of the coefficient.
    np.testing.assert_allclose(np.diff(y) / np.diff(x), model.coef_[2], rtol=1e-9)


def test_calibration_display_of_bayesian_ridge():
    plt = pytest.importorskip("matplotlib.pyplot")
    from sklearn_gml.displays import CalibrationDisplay

    model = BayesianRidge().fit(X, Y)
    display = CalibrationDisplay.from_estimator(model, X, Y)
    mean, std = model.predict(X, return_std=True)
    plt.close("all")
    np.testing.assert_allclose(
        display.pit, stats.norm.cdf((Y - mean) / std), rtol=1e-12
    )


def test_skops_asks_to_trust_our_classes_alone():
    skops_io = pytest.importorskip("skops.io")
    model = make_pipeline(StandardScaler(), GaussianMLRegressor()).fit(X, Y)
    dumped = skops_io.dumps(model)
    asked = skops_io.get_untrusted_types(data=dumped)
    ours = f"{GaussianMLRegressor.__module__}.{GaussianMLRegressor.__qualname__}"
    assert ours in asked
    assert all(name.startswith("sklearn_gml.") for name in asked), asked
    loaded = skops_io.loads(dumped, trusted=asked)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert str(loaded[-1].summary()) == str(model[-1].summary())


def test_conformal_intervals_of_mapie():
    regression = pytest.importorskip("mapie.regression")
    train, hold, later = np.split(np.arange(441), 3)
    model = GaussianMLRegressor().fit(X.iloc[train], Y.iloc[train])
    conformal = regression.SplitConformalRegressor(
        model, confidence_level=0.9, prefit=True
    ).conformalize(X.iloc[hold], Y.iloc[hold])
    mean, intervals = conformal.predict_interval(X.iloc[later])
    errors = np.sort(np.abs(Y.iloc[hold] - model.predict(X.iloc[hold])))
    # The ceil(0.9 (n + 1))-th of n errors.
    width = errors[int(np.ceil(0.9 * (len(hold) + 1))) - 1]
    np.testing.assert_allclose(mean, model.predict(X.iloc[later]), rtol=1e-12)
    np.testing.assert_allclose(intervals[:, 1, 0] - mean, width, rtol=1e-9)


def test_skpro_reads_the_standard_deviation():
    adapters = pytest.importorskip("skpro.regression.adapters.sklearn")
    frame = pd.DataFrame({"y": Y})
    plugin = GaussianMLRegressor(predict_kind="plugin")
    adapted = adapters.SklearnProbaReg(plugin).fit(X, frame)
    distribution = adapted.predict_proba(X)
    model = GaussianMLRegressor().fit(X, Y)
    np.testing.assert_allclose(
        distribution.mean().to_numpy().ravel(), model.predict(X), rtol=1e-9
    )
    np.testing.assert_allclose(
        np.sqrt(distribution.var().to_numpy().ravel()), model.sigma_, rtol=1e-9
    )
