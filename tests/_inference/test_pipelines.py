"""Summaries and tests of models inside of pipelines, against the models themselves."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_linnerud
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, PowerTransformer, StandardScaler

from sklearn_gml import (
    GaussianMLRegressor,
    GaussianMLRegressorCV,
    MeanVarianceRegressor,
    pipeline_summary,
    pipeline_wald_test,
)

NAMES = ["intercept", "bmi", "bp", "bmi^2", "bmi bp", "bp^2"]


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return X[["bmi", "bp"]], y


def curve():
    return make_pipeline(
        StandardScaler(),
        PolynomialFeatures(2, include_bias=False),
        GaussianMLRegressor(),
    )


def nested():
    return make_pipeline(
        StandardScaler(),
        make_pipeline(PolynomialFeatures(2, include_bias=False), GaussianMLRegressor()),
    )


def search():
    return GridSearchCV(curve(), {"polynomialfeatures__degree": [2]}, cv=3)


def around_search():
    return TransformedTargetRegressor(search(), transformer=StandardScaler())


@pytest.mark.parametrize("kind", [None, "HC3"])
@pytest.mark.parametrize("make", [curve, nested, search, around_search])
def test_looks_through_to_the_model(diabetes, make, kind):
    X, y = diabetes
    outer = make().fit(X, y)
    plain = curve().fit(X, y)
    design = plain[:-1].transform(X)
    target = y
    if make is around_search:
        target = (y - y.mean()) / y.std(ddof=0)
    model = GaussianMLRegressor().fit(design, target)
    rows = {} if kind is None else {"X": X, "y": y}
    inside = {} if kind is None else {"X": design, "y": target}
    ours = pipeline_summary(outer, kind=kind, **rows).to_frame()
    assert list(ours.index) == NAMES
    truth = model.summary(kind=kind, **inside).to_frame()
    np.testing.assert_allclose(ours, truth, rtol=1e-7, atol=1e-12)
    test = pipeline_wald_test(outer, "bmi^2 = bp^2", kind=kind, **rows)
    expected = model.wald_test("x2 = x4", kind=kind, **inside)
    assert test.statistic == pytest.approx(expected.statistic, rel=1e-7)
    assert test.labels == ("bmi^2 - bp^2 = 0",)


def test_frozen_and_plain_models(diabetes):
    X, y = diabetes
    model = GaussianMLRegressor().fit(X, y)
    truth = model.summary().to_frame()
    for outer in (model, FrozenEstimator(model)):
        pd.testing.assert_frame_equal(pipeline_summary(outer).to_frame(), truth)


def test_transformed_rows_are_not_taken_for_raw_ones(diabetes):
    X, y = diabetes
    outer = curve().fit(X, y)
    design = StandardScaler().fit_transform(X)
    with pytest.raises(ValueError, match="not the rows of the fit"):
        pipeline_summary(
            outer, kind="HC0", X=pd.DataFrame(design, columns=X.columns), y=y
        )


def test_a_power_of_the_target(diabetes):
    X, y = diabetes
    outer = TransformedTargetRegressor(
        GaussianMLRegressor(), transformer=PowerTransformer()
    )
    outer.fit(X, y)
    z = PowerTransformer().fit_transform(y.to_numpy()[:, None])[:, 0]
    truth = GaussianMLRegressor().fit(X, z).summary(kind="HC1", X=X, y=z).to_frame()
    ours = pipeline_summary(outer, kind="HC1", X=X, y=y).to_frame()
    np.testing.assert_allclose(ours, truth, rtol=1e-8)


def test_models_without_tables(diabetes):
    with pytest.raises(TypeError, match="MeanVarianceRegressor, which has no method"):
        pipeline_summary(MeanVarianceRegressor().fit(*diabetes))
    with pytest.raises(TypeError, match="has no method wald_test"):
        pipeline_wald_test(MeanVarianceRegressor().fit(*diabetes), "bmi")


def test_targets_go_by_their_columns():
    X, Y = load_linnerud(return_X_y=True, as_frame=True)
    summary = GaussianMLRegressor().fit(X, Y).summary()
    assert all(f"Target {name}" in str(summary) for name in Y.columns)
    assert all(f"Target {name}" in summary._repr_html_() for name in Y.columns)
    assert list(summary.to_frame().index.unique(0)) == list(Y.columns)
    truth = GaussianMLRegressor().fit(X, Y["Waist"]).summary().to_frame()
    np.testing.assert_allclose(summary.to_frame().loc["Waist"], truth, rtol=1e-9)
    model = GaussianMLRegressor().fit(X, Y)
    assert "Target Waist" in str(model.wald_test("Jumps"))
    for other in (
        GaussianMLRegressor().partial_fit(X, Y),
        GaussianMLRegressorCV(alphas=[1.0]).fit(X, Y),
        GaussianMLRegressor(noise="log-linear", noise_columns=["Jumps"]).fit(X, Y),
    ):
        assert "Target Pulse" in str(other.summary())
    assert "Target 0" in str(model.fit(X, Y.to_numpy()).summary())
    numbers = Y.set_axis([0, "b", "c"], axis=1)
    assert "Target 0" in str(GaussianMLRegressor().fit(X, numbers).summary())


def test_digits(diabetes):
    model = GaussianMLRegressor().fit(*diabetes)
    error = model.summary().to_frame().loc["bmi", "standard_error"]
    line = str(model.summary(digits=5)).split("bmi")[1].split()
    assert line[1] == f"{error:.5g}"
    for digits in (0, 2.0, 20):
        with pytest.raises(ValueError, match="digits must be a whole number"):
            model.summary(digits=digits)
