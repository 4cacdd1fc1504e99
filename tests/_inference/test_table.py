"""The table of what was learned, and what inference refuses to say."""

import sys

import numpy as np
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_linnerud
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_gml import (
    DegenerateFitWarning,
    GaussianMLRegressor,
    GaussianStatistics,
    RankDeficiencyWarning,
    likelihood_ratio_test,
    pipeline_summary,
)
from sklearn_gml._inference.table import rounded


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    return X[["age", "bmi", "bp"]], y


@pytest.mark.parametrize(
    "values, error, text",
    [
        ([12345.6, 12100.0], 123.4, ["12350", "12100"]),
        ([12345.6], 0.0994, ["12345.600"]),
        ([12345.6], 0.0996, ["12345.60"]),
        ([0.5, -0.001], 0.96, ["0.50", "0.00"]),
        ([2.0e-9, 1.4e-8], 1.4e-8, ["2e-09", "1.4e-08"]),
        ([3.0e15, 1.0], 2.0e12, ["3.0000e+15", "0"]),
        ([1.0, np.nan], np.nan, ["1", "-"]),
    ],
)
def test_numbers_are_rounded_to_their_uncertainty(values, error, text):
    assert rounded(values, error) == text


def test_text_shows_every_parameter(diabetes):
    summary = GaussianMLRegressor().fit(*diabetes).summary(0.9)
    lines = str(summary).splitlines()
    assert [line.split()[0] for line in lines[6:10]] == [
        "intercept",
        "age",
        "bmi",
        "bp",
    ]
    header = next(line for line in lines if "estimate" in line)
    assert header.split()[-3:] == ["90", "%", "interval"]
    points = {line.index(".") for line in lines[7:10]}
    assert len(points) == 1
    assert repr(summary) == str(summary)


def test_html_escapes_names_and_has_every_cell(diabetes):
    X, y = diabetes
    model = GaussianMLRegressor().fit(X, y)
    html = model.summary(feature_names=["a<b", "c&d", "e"])._repr_html_()
    assert "a&lt;b" in html and "c&amp;d" in html and "a<b" not in html
    assert html.count("<tr>") == 1 + 4
    assert html.count("<td>") == 4 * 6


def test_several_targets():
    X, y = load_linnerud(return_X_y=True)
    summary = GaussianMLRegressor().fit(X, y).summary()
    assert all(f"Target {number}" in str(summary) for number in range(3))
    frame = summary.to_frame()
    assert frame.index.nlevels == 2
    alone = GaussianMLRegressor().fit(X, y[:, 1]).summary().to_frame()
    np.testing.assert_allclose(frame.loc[1], alone, rtol=1e-10)


def test_frame_without_pandas(diabetes, monkeypatch):
    summary = GaussianMLRegressor().fit(*diabetes).summary()
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"sklearn-gml\[examples\]"):
        summary.to_frame()


def test_posterior_is_marked_and_has_no_tests(diabetes):
    model = GaussianMLRegressor(alpha=2.0).fit(*diabetes)
    summary = model.summary()
    assert list(summary.to_frame()) == ["estimate", "standard_error", "low", "high"]
    assert "not a frequentist table" in " ".join(str(summary).split())
    with pytest.raises(ValueError, match=r"alpha=2\.0 gives .* posterior"):
        model.wald_test("bmi")
    with pytest.raises(ValueError, match=r"alpha=2\.0: use method='wald'"):
        model.conf_int(method="profile")
    with pytest.raises(ValueError, match="kind='HC3' describes least squares"):
        model.coef_covariance("HC3", *diabetes)
    with pytest.raises(ValueError, match=r"not for alpha=2\.0"):
        model.influence(*diabetes)
    with pytest.raises(ValueError, match=r"full has alpha=2\.0"):
        likelihood_ratio_test(GaussianMLRegressor().fit(*diabetes), model)


def test_collinear_columns_have_no_standard_errors(diabetes):
    X, y = diabetes
    with pytest.warns(RankDeficiencyWarning):
        model = GaussianMLRegressor().fit(X.assign(twice=2 * X["bmi"]), y)
    full = GaussianMLRegressor().fit(X, y)
    frame = model.summary().to_frame()
    lost = frame["standard_error"].isna()
    assert list(frame.index[lost]) == ["bmi", "twice"]
    np.testing.assert_allclose(
        frame.loc[["age", "bp"]], full.summary().to_frame().loc[["age", "bp"]], 1e-8
    )
    assert "1 of 5 directions are not identified" in " ".join(
        str(model.summary()).split()
    )
    assert np.isnan(model.wald_test("bmi").pvalue)
    assert model.wald_test(["age", "bp"]).pvalue == pytest.approx(
        full.wald_test(["age", "bp"]).pvalue, rel=1e-8
    )
    robust = model.coef_covariance("HC3", X.assign(twice=2 * X["bmi"]), y)
    other = full.coef_covariance("HC3", X, y)
    np.testing.assert_allclose(robust[1, 3], other[1, 3], rtol=1e-8)
    assert np.isnan(robust[2]).all()


def test_no_rows_left_for_the_noise():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((4, 3)), rng.standard_normal(4)
    with pytest.warns(DegenerateFitWarning):
        model = GaussianMLRegressor().fit(X, y)
    assert model.summary().to_frame()["standard_error"].isna().all()
    assert np.isnan(model.conf_int()).all()
    assert np.isnan(model.conf_int(method="profile")).all()
    assert np.isnan(model.sigma_conf_int()).all()
    assert np.isnan(model.sigma_conf_int(method="profile")).all()
    assert np.isnan(model.wald_test("x0").pvalue)
    assert np.isnan(model.predict_dist(X, kind="predictive").std()).all()
    assert "No rows are left" in str(model.summary())


def test_perfect_fit_is_marked():
    x = np.arange(12.0)[:, None]
    with pytest.warns(DegenerateFitWarning):
        model = GaussianMLRegressor().fit(x, 2.0 * x[:, 0])
    assert "describe arithmetic" in str(model.summary())


def test_a_pipeline_names_its_columns(diabetes):
    X, y = diabetes
    X = X.assign(sex=np.where(np.arange(len(X)) % 3, "f", "m"))
    columns = ColumnTransformer(
        [
            ("scaled", StandardScaler(), ["bmi"]),
            ("sex", OneHotEncoder(drop="first"), ["sex"]),
        ]
    )
    pipeline = make_pipeline(columns, GaussianMLRegressor()).fit(X, y)
    names = ["intercept", "scaled__bmi", "sex__sex_m"]
    assert list(pipeline_summary(pipeline).to_frame().index) == names
    alone = make_pipeline(GaussianMLRegressor()).fit(*diabetes)
    assert list(pipeline_summary(alone, level=0.5).to_frame().index[1:]) == list(
        diabetes[0]
    )
    with pytest.raises(TypeError, match="LinearRegression, which has no method"):
        pipeline_summary(
            make_pipeline(StandardScaler(), LinearRegression()).fit(X[["bmi"]], y)
        )
    with pytest.raises(NotFittedError):
        pipeline_summary(GaussianMLRegressor())
    with pytest.raises(NotFittedError):
        pipeline_summary(make_pipeline(StandardScaler(), GaussianMLRegressor()))


def test_likelihood_ratio_test_compares_what_can_be_compared(diabetes):
    X, y = diabetes
    small, full = GaussianMLRegressor().fit(X[["bmi"]], y), GaussianMLRegressor()
    full.fit(X, y)
    result = likelihood_ratio_test(small, full)
    assert result.statistic == pytest.approx(2 * (full.loglik_ - small.loglik_))
    # In a pipeline, and from statistics: still the same data.
    scaled = make_pipeline(StandardScaler(), GaussianMLRegressor()).fit(X, y)
    assert likelihood_ratio_test(small, scaled).pvalue == pytest.approx(result.pvalue)
    parts = sum(
        GaussianStatistics.from_data(X[rows], y[rows])
        for rows in (slice(100), slice(100, None))
    )
    merged = GaussianMLRegressor().fit_statistics(parts)
    assert likelihood_ratio_test(small, merged).pvalue == pytest.approx(result.pvalue)

    def fit(*rows, **parameters):
        return GaussianMLRegressor(**parameters).fit(*rows)

    weight = np.where(np.arange(len(y)) % 2, 0.5, 1.5)
    for other, message in (
        (fit(X[1:], y[1:]), "the number of rows is 442 for restricted and 441"),
        (fit(X, y, weight), "the mean of y"),
        (fit(X, y, 2 * np.ones(len(y))), "the sum of sample_weight"),
        (fit(X, y, None, weight), r"the sum of log\(noise_scale\)"),
        (fit(X, y + 1e-3), "the mean of y"),
        (fit(X, np.sqrt(y)), "the mean of y"),
        (fit(X, 2 * y.mean() - y + np.sin(y)), "the mean of y|the norm of y"),
        (fit(X, y, method="reml"), "'ml' and full 'reml'"),
        (fit(X[["age"]], y), "full must have more parameters"),
        (fit(X[["age", "bp"]], y), "bmi of restricted not found among the columns"),
        (fit(X, y, positive=True), "full has positive=True"),
        (fit(X, np.column_stack([y, y])), "different numbers of targets"),
    ):
        with pytest.raises(ValueError, match=message):
            likelihood_ratio_test(small, other)
    with pytest.raises(ValueError, match="fit both with method='ml'"):
        likelihood_ratio_test(
            fit(X[["bmi"]], y, method="reml"), fit(X, y, method="reml")
        )


def test_refusals(diabetes):
    X, y = diabetes
    model = GaussianMLRegressor().fit(X, y)
    for call, message in (
        (lambda: model.conf_int(95), "level must lie between 0 and 1, got 95"),
        (lambda: model.summary(level=0.0), "level must lie"),
        (lambda: model.conf_int(method="exact"), "method must be 'wald' or 'profile'"),
        (lambda: model.sigma_conf_int(kind="HC0"), "says nothing of sigma"),
        (lambda: model.conf_int(method="profile", kind="HC0"), "Use kind=None"),
        (lambda: model.coef_covariance("HC4"), "kind must be one of 'classical'"),
        (lambda: model.coef_covariance("posterior"), "needs a prior"),
        (lambda: model.summary(kind="HC3"), "pass the X and y"),
        (lambda: model.coef_covariance("cluster", X, y), "needs groups"),
        (
            lambda: model.coef_covariance("cluster", X, y, groups=np.ones(len(y))),
            "groups has 1 group",
        ),
        (lambda: model.coef_covariance("HC0", X, y + 1), "not the rows of the fit"),
        (lambda: model.coef_covariance("HC0", X, y[:9]), "inconsistent numbers"),
        (lambda: model.coef_covariance("HC0", X[9:], y[9:]), "not the rows of the fit"),
        (lambda: model.influence(X, np.column_stack([y, y])), "2 targets, but"),
        (lambda: model.wald_test(["bmi", "tea"]), r"do not exist: \['tea'\]"),
        (lambda: model.wald_test([[1.0, 0.0]]), "2 columns, but there are 4"),
        (lambda: model.wald_test(np.zeros((1, 4))), "a row of zeros"),
        (lambda: model.wald_test(["bmi", "bmi"]), "linearly dependent"),
        (lambda: model.summary(feature_names=["a"]), "feature_names has 1 names"),
        (lambda: model.predict_dist(X, kind="t"), "kind must be one of 'auto'"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_bounded_and_wide_models_say_why_not(diabetes):
    X, y = diabetes
    bounded = GaussianMLRegressor(positive=True).fit(X, y)
    wide = sparse.random_array((50, 5000), density=0.01, rng=0, format="csr")
    wide = GaussianMLRegressor(alpha=1.0).fit(wide, y[:50])
    for model, rows, message in (
        (bounded, X, "use positive=False"),
        (wide, sparse.csr_array((1, 5000)), "not formed for sparse X"),
    ):
        for call in (
            model.coef_covariance,
            model.conf_int,
            model.sigma_conf_int,
            model.summary,
            lambda model=model: model.wald_test(model.parameter_names()[0]),
            lambda model=model, rows=rows: model.leverage(rows),
            lambda model=model, rows=rows: model.predict_dist(rows, kind="mean"),
        ):
            with pytest.raises(ValueError, match=message):
                call()


@pytest.mark.parametrize(
    "method",
    ["coef_covariance", "conf_int", "sigma_conf_int", "summary", "parameter_names"],
)
def test_fit_comes_first(method):
    with pytest.raises(NotFittedError):
        getattr(GaussianMLRegressor(), method)()


def test_rows_of_weight_zero_may_hold_anything(diabetes):
    X, y = diabetes
    X, y = X.to_numpy(), y.to_numpy()
    filled = np.vstack([X, np.full((1, 3), 1e200)]), np.append(y, -1e200)
    weight = np.append(np.ones(len(y)), 0.0)
    model = GaussianMLRegressor().fit(*filled, weight)
    groups = np.arange(len(y) + 1) % 7
    for kind in ("HC2", "cluster"):
        ours = model.coef_covariance(kind, *filled, weight, groups)
        truth = (
            GaussianMLRegressor()
            .fit(X, y)
            .coef_covariance(kind, X, y, groups=groups[:-1])
        )
        np.testing.assert_allclose(ours, truth, rtol=1e-10)
