"""predict_dist through whatever scikit-learn puts around a regressor."""

import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_linnerud
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import ARDRegression, BayesianRidge, LinearRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    PolynomialFeatures,
    PowerTransformer,
    StandardScaler,
)

from sklearn_gml import GaussianMLRegressor, predict_dist

X, Y = load_diabetes(return_X_y=True, scaled=False)
X = X[:, [2, 3, 8]]
ALPHA = {"alpha": [0.0]}

WRAPPERS = {
    "nothing": lambda model: model,
    "Pipeline of one": lambda model: make_pipeline(model),
    "Pipeline": lambda model: make_pipeline(StandardScaler(), model),
    "nested Pipeline": lambda model: make_pipeline(
        MinMaxScaler(), make_pipeline(PolynomialFeatures(1, include_bias=False), model)
    ),
    "passthrough": lambda model: Pipeline([("no", "passthrough"), ("yes", model)]),
    "GridSearchCV": lambda model: GridSearchCV(model, ALPHA),
    "RandomizedSearchCV": lambda model: RandomizedSearchCV(model, ALPHA, n_iter=1),
    "HalvingGridSearchCV": lambda model: HalvingGridSearchCV(model, ALPHA),
    "FrozenEstimator": lambda model: FrozenEstimator(model.fit(X, Y)),
    "scaled target": lambda model: TransformedTargetRegressor(
        model, transformer=StandardScaler()
    ),
    "target as it is": lambda model: TransformedTargetRegressor(model),
    "all": lambda model: make_pipeline(
        StandardScaler(),
        TransformedTargetRegressor(
            GridSearchCV(make_pipeline(StandardScaler(), model), {}),
            transformer=make_pipeline(MinMaxScaler(), StandardScaler()),
        ),
    ),
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_wrappers_that_leave_least_squares_as_it_is(name):
    plain = GaussianMLRegressor().fit(X, Y)
    wrapped = WRAPPERS[name](GaussianMLRegressor()).fit(X, Y)
    predictive = predict_dist(wrapped, X[:9])
    assert predictive.dist.name == "t"
    expected = plain.predict_dist(X[:9]).interval(0.9)
    np.testing.assert_allclose(predictive.interval(0.9), expected, rtol=1e-10)
    distribution = predict_dist(wrapped, X[:9], kind="plugin")
    assert distribution.dist.name == "norm"
    np.testing.assert_allclose(distribution.mean(), plain.predict(X[:9]), rtol=1e-10)
    np.testing.assert_allclose(distribution.std(), plain.sigma_, rtol=1e-10)


@pytest.mark.parametrize(
    "model",
    [
        BayesianRidge(),
        ARDRegression(),
        GaussianProcessRegressor(RBF(10.0) + WhiteKernel(1.0), normalize_y=True),
    ],
    ids=lambda model: type(model).__name__,
)
def test_every_regressor_with_a_standard_deviation(model):
    pipeline = make_pipeline(StandardScaler(), model).fit(X[:80], Y[:80])
    mean, std = pipeline.predict(X[80:90], return_std=True)
    distribution = predict_dist(pipeline, X[80:90])
    np.testing.assert_array_equal(distribution.mean(), mean)
    np.testing.assert_array_equal(distribution.std(), std)


def test_logarithm_of_the_target():
    model = TransformedTargetRegressor(
        GaussianMLRegressor(), func=np.log, inverse_func=np.exp
    ).fit(X, Y)
    inner = GaussianMLRegressor().fit(X, np.log(Y))
    expected = stats.lognorm(inner.sigma_, scale=np.exp(inner.predict(X)))
    np.testing.assert_allclose(
        predict_dist(model, X, kind="plugin").logpdf(Y), expected.logpdf(Y), rtol=1e-12
    )
    # Student's t of the logarithm would leave y without a mean.
    automatic = predict_dist(model, X)
    assert automatic.dist.name == "lognorm"
    scale = inner.predict_dist(X).kwds["scale"]
    expected = stats.lognorm(scale, scale=np.exp(inner.predict(X)))
    np.testing.assert_allclose(automatic.mean(), expected.mean(), rtol=1e-10)
    explicit = predict_dist(model, X, kind="predictive")
    np.testing.assert_allclose(
        explicit.cdf(Y), inner.predict_dist(X).cdf(np.log(Y)), rtol=1e-10
    )
    np.testing.assert_allclose(predict_dist(model, X).median(), model.predict(X))


def test_targets_of_two_dimensions():
    X2, Y2 = load_linnerud(return_X_y=True)
    for transformer in (StandardScaler(), PowerTransformer(method="box-cox")):
        model = TransformedTargetRegressor(
            GaussianMLRegressor(), transformer=transformer
        ).fit(X2, Y2)
        distribution = predict_dist(model, X2, kind="plugin")
        assert distribution.logpdf(Y2).shape == Y2.shape
        # To the mass beyond the range of Box-Cox, 4e-4 of the widest of these.
        np.testing.assert_allclose(distribution.median(), model.predict(X2), rtol=1e-3)
        for j in range(3):
            column = TransformedTargetRegressor(
                GaussianMLRegressor(), transformer=transformer
            ).fit(X2, Y2[:, j])
            alone = predict_dist(column, X2, kind="plugin").logpdf(Y2[:, j])
            # Two maximisations of the exponents, each to 1e-8.
            np.testing.assert_allclose(distribution.logpdf(Y2)[:, j], alone, rtol=1e-6)


def test_targets_transformed_twice():
    inner = TransformedTargetRegressor(
        GaussianMLRegressor(), transformer=StandardScaler()
    )
    outer = TransformedTargetRegressor(inner, func=np.log, inverse_func=np.exp)
    twice = predict_dist(outer.fit(X, Y), X)
    once = TransformedTargetRegressor(
        GaussianMLRegressor(), func=np.log, inverse_func=np.exp
    )
    expected = predict_dist(once.fit(X, Y), X)
    np.testing.assert_allclose(twice.logpdf(Y), expected.logpdf(Y), rtol=1e-11)


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (LinearRegression(), "^LinearRegression predicts no distribution"),
        (
            make_pipeline(StandardScaler(), RandomForestRegressor(3)),
            "^Pipeline > RandomForestRegressor predicts",
        ),
        (
            TransformedTargetRegressor(GridSearchCV(LinearRegression(), {})),
            "^TransformedTargetRegressor > GridSearchCV > LinearRegression",
        ),
        (Pipeline([("scale", StandardScaler())]), "^Pipeline > StandardScaler"),
        (
            make_pipeline(StandardScaler(), "passthrough"),
            "^Pipeline > 'passthrough' predicts",
        ),
    ],
)
def test_models_without_a_distribution(model, found):
    with pytest.raises(TypeError, match=found) as caught:
        predict_dist(model.fit(X, Y), X)
    assert "predict_dist" in str(caught.value)
    assert "return_std=True" in str(caught.value)


def test_other_errors():
    with pytest.raises(NotFittedError):
        predict_dist(make_pipeline(StandardScaler(), GaussianMLRegressor()), X)
    search = GridSearchCV(GaussianMLRegressor(), ALPHA, refit=False).fit(X, Y)
    with pytest.raises(AttributeError, match="use refit=True"):
        predict_dist(search, X)
    model = BayesianRidge().fit(X, Y)
    with pytest.raises(ValueError, match=r"kind='predictive'.*BayesianRidge"):
        predict_dist(model, X, kind="predictive")
    with pytest.raises(ValueError, match=r"kind must be one of .*'means'"):
        predict_dist(model, X, kind="means")
    mirrored = TransformedTargetRegressor(
        GaussianMLRegressor(), func=np.sin, inverse_func=np.arcsin, check_inverse=False
    )
    with pytest.raises(ValueError, match="not monotone"):
        predict_dist(mirrored.fit(X, Y), X)


class WithKinds(GaussianMLRegressor):
    """Stands for any model whose distributions come in kinds."""

    def predict_dist(self, X, *, kind="plugin"):
        mean, std = self.predict(X), 0.5
        return stats.norm(mean, std) if kind == "plugin" else stats.t(5, mean, std)


def test_kind_is_handed_on():
    model = TransformedTargetRegressor(WithKinds(), func=np.log, inverse_func=np.exp)
    model.fit(X, Y)
    predictive = predict_dist(model, X, kind="predictive")
    inner = model.regressor_.predict_dist(X, kind="predictive")
    np.testing.assert_allclose(predictive.cdf(Y), inner.cdf(np.log(Y)), rtol=1e-12)
    np.testing.assert_allclose(
        predictive.logpdf(Y), inner.logpdf(np.log(Y)) - np.log(Y), rtol=1e-12
    )


@pytest.mark.parametrize("kind", ["plugin", "predictive"])
def test_known_noise_is_handed_on(kind):
    """Of a logarithmic target it multiplies the sigma of the logarithm."""
    scale = np.random.default_rng(0).uniform(0.5, 2.0, 9)
    plain = GaussianMLRegressor().fit(X, Y)
    expected = plain.predict_dist(X[:9], kind=kind, noise_scale=scale)
    for name in WRAPPERS:
        wrapped = WRAPPERS[name](GaussianMLRegressor()).fit(X, Y)
        found = predict_dist(wrapped, X[:9], kind=kind, noise_scale=scale)
        np.testing.assert_allclose(found.std(), expected.std(), rtol=1e-10)
    model = TransformedTargetRegressor(
        GaussianMLRegressor(), func=np.log, inverse_func=np.exp
    ).fit(X, Y)
    inner = model.regressor_.predict_dist(X[:9], kind=kind, noise_scale=scale)
    found = predict_dist(model, X[:9], kind=kind, noise_scale=scale)
    np.testing.assert_allclose(found.cdf(Y[:9]), inner.cdf(np.log(Y[:9])), rtol=1e-12)


def test_known_noise_of_models_that_know_none():
    model = make_pipeline(StandardScaler(), BayesianRidge()).fit(X, Y)
    with pytest.raises(ValueError, match=r"noise_scale=.*BayesianRidge.* leave it out"):
        predict_dist(model, X, noise_scale=np.ones(len(Y)))
    ours = make_pipeline(StandardScaler(), GaussianMLRegressor()).fit(X, Y)
    with pytest.raises(ValueError, match=r"noise_scale has shape \(3,\)"):
        predict_dist(ours, X, noise_scale=np.ones(3))


class OnlyX(BaseEstimator):
    """A regressor whose distribution has no options."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict_dist(self, X):
        return stats.norm(np.zeros(len(X)), 1.0)


@pytest.mark.parametrize("option", [{"kind": "mean"}, {"noise_scale": np.ones(len(Y))}])
def test_options_that_another_predict_dist_does_not_have(option):
    model = make_pipeline(StandardScaler(), OnlyX()).fit(X, Y)
    assert predict_dist(model, X).mean()[0] == 0.0
    with pytest.raises(ValueError, match=r"=.* known to OnlyX: leave it out"):
        predict_dist(model, X, **option)


def test_pandas_through_a_pipeline():
    frame = load_diabetes(as_frame=True).data[["bmi", "bp"]]
    scaler = StandardScaler().set_output(transform="pandas")
    model = make_pipeline(scaler, GaussianMLRegressor()).fit(frame, Y)
    plain = GaussianMLRegressor().fit(frame, Y)
    np.testing.assert_allclose(
        predict_dist(model, frame, kind="plugin").logpdf(Y),
        plain.loglik_samples(frame, Y),
        rtol=1e-10,
    )


def test_function_as_a_first_step():
    first = FunctionTransformer(np.log1p)
    model = make_pipeline(first, GaussianMLRegressor()).fit(X, Y)
    plain = GaussianMLRegressor().fit(np.log1p(X), Y)
    np.testing.assert_array_equal(
        predict_dist(model, X).mean(), plain.predict(np.log1p(X))
    )
