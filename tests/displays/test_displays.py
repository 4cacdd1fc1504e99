"""Displays: what they draw is what was computed, and matplotlib is optional."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, special, stats
from scipy.optimize import brentq
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.impute import SimpleImputer
from sklearn.linear_model import BayesianRidge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sklearn_gml import GaussianMLRegressor, predict_dist
from sklearn_gml.displays import (
    CalibrationDisplay,
    LikelihoodDisplay,
    PredictiveDisplay,
    ResidualsDisplay,
)
from sklearn_gml.metrics import interval_coverage_score

X, Y = load_diabetes(return_X_y=True, as_frame=True)
X = X[["bmi", "bp", "s5"]]


@pytest.fixture
def plt():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    with pyplot.rc_context({"figure.figsize": (6, 4)}):
        yield pyplot
    pyplot.close("all")


@pytest.fixture
def model():
    return GaussianMLRegressor().fit(X, Y)


def assert_readable(figure):
    """No label outside the figure, no two tick labels of an axis over each other."""
    figure.canvas.draw()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            boxes = [
                label.get_window_extent()
                for label in axis.get_ticklabels()
                if label.get_text()
                and axis.get_view_interval()[0]
                <= _place(label, axis)
                <= axis.get_view_interval()[1]
            ]
            for one, other in pairwise(boxes):
                assert not one.overlaps(other)
            box = axis.label.get_window_extent()
            assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1
            assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1


def _place(label, axis):
    return label.get_position()[0 if axis.axis_name == "x" else 1]


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_fan_along_a_feature(plt, model):
    display = PredictiveDisplay.from_estimator(
        model, X, Y, feature="bmi", levels=(0.5, 0.9)
    )
    others = X.quantile(0.5, interpolation="lower")
    at = pd.DataFrame([others] * 100).assign(bmi=display.x)
    low, high = model.predict_dist(at).interval(0.9)
    np.testing.assert_allclose(display.intervals[0.9], [low, high], rtol=1e-12)
    outline = display.bands_[0].get_paths()[0].vertices
    assert outline[:, 1].max() == pytest.approx(high.max())
    np.testing.assert_array_equal(display.points_.get_data()[1], Y)
    assert display.ax_.get_xlabel() == "bmi"
    assert display.ax_.get_ylabel() == "target"
    assert legend_of(display.ax_) == [
        "90 % interval",
        "50 % interval",
        "median",
        "observed",
    ]
    assert_readable(display.figure_)


def test_fan_along_a_column_of_an_array(plt):
    array = X.to_numpy()
    model = make_pipeline(StandardScaler(), BayesianRidge()).fit(array, Y)
    display = PredictiveDisplay.from_estimator(model, array, feature=1)
    rows = np.tile(np.median(array, axis=0), (100, 1))
    rows[:, 1] = display.x
    np.testing.assert_allclose(display.median, model.predict(rows), rtol=1e-12)
    assert display.points_ is None
    with pytest.raises(ValueError, match="X has no names"):
        PredictiveDisplay.from_estimator(model, array, feature="bmi")


def test_fan_with_columns_that_are_not_numbers(plt):
    frame = X.assign(sex=np.where(np.arange(len(X)) % 3, "f", "m"))
    columns = make_column_transformer(
        (OneHotEncoder(drop="if_binary"), ["sex"]), remainder="passthrough"
    )
    model = make_pipeline(columns, GaussianMLRegressor()).fit(frame, Y)
    display = PredictiveDisplay.from_estimator(model, frame, Y, feature="bmi")
    typical = frame[["bp", "s5"]].quantile(0.5, interpolation="lower")
    at = pd.DataFrame({"bmi": display.x, **typical, "sex": "f"})
    np.testing.assert_allclose(display.median, model.predict(at[frame.columns]))


def test_predictions_against_truth(plt):
    model = TransformedTargetRegressor(
        GaussianMLRegressor(), func=np.log, inverse_func=np.exp
    ).fit(X, Y)
    display = PredictiveDisplay.from_estimator(model, X, Y, target_name="progression")
    x, y = display.points_.get_data()
    np.testing.assert_allclose(x, model.predict(X), rtol=1e-12)
    np.testing.assert_array_equal(y, Y)
    low, _ = predict_dist(model, X).interval(0.95)
    drawn = [segment[0, 1] for segment in display.bands_[0].get_segments()]
    np.testing.assert_allclose(np.sort(drawn), np.sort(low))
    assert display.ax_.get_xlabel() == "predicted median of progression"
    assert_readable(display.figure_)
    with pytest.raises(ValueError, match="y is needed"):
        PredictiveDisplay.from_estimator(model, X)


def test_one_target_only(plt):
    two = GaussianMLRegressor().fit(X, np.column_stack([Y, Y**2]))
    with pytest.raises(ValueError, match=r"one target.*\(442, 2\)"):
        PredictiveDisplay.from_predictions(Y, two.predict_dist(X))


def test_calibration(plt):
    model = BayesianRidge().fit(X, Y)
    display = CalibrationDisplay.from_estimator(model, X, Y)
    distribution = predict_dist(model, X)
    levels, shares = display.coverage_.get_data()
    for level in (0.1, 0.5, 0.9):
        share = shares[np.argmin(np.abs(levels - level))]
        assert share == pytest.approx(interval_coverage_score(Y, distribution, level))
    counts, _ = np.histogram(distribution.cdf(Y), 10, (0.0, 1.0))
    np.testing.assert_allclose(display.histogram_.get_data().values, counts / 44.2)
    assert legend_of(display.axes_[1]) == ["BayesianRidge", "chance"]
    assert_readable(display.figure_)


def test_band_of_chance_holds_what_chance_gives(plt):
    display = CalibrationDisplay.from_predictions(
        np.random.default_rng(0).standard_normal(400), stats.norm()
    )
    path = display.chance_[1].get_paths()[0].vertices
    at_half = path[np.isclose(path[:, 0], 0.5), 1]
    low, high = stats.binom(400, 0.5).interval(0.95)
    assert at_half.min() == low / 400
    assert at_half.max() == high / 400


def test_calibration_of_two_models_in_one_picture(plt, model):
    first = CalibrationDisplay.from_estimator(model, X, Y, name="first")
    second = CalibrationDisplay(first.pit**2, "second").plot(first.axes_)
    assert legend_of(second.axes_[1]) == ["first", "chance", "second"]
    with pytest.raises(ValueError, match="a pair of axes, got 1"):
        first.plot(ax=first.axes_[0])


def test_residuals_of_a_normal_model(plt, model):
    plugin = clone(model).set_params(predict_kind="plugin").fit(X, Y)
    display = ResidualsDisplay.from_estimator(plugin, X, Y, target_name="progression")
    standardised = (Y - model.predict(X)) / model.sigma_
    np.testing.assert_allclose(display.residuals, standardised, rtol=1e-9)
    np.testing.assert_allclose(display.quantiles_.get_data()[1], np.sort(standardised))
    expected = stats.norm.expect(lambda z: np.sqrt(abs(z)))
    assert display.expected_.get_ydata()[0] == pytest.approx(expected, rel=1e-7)
    assert display.expected_.get_ydata()[0] == pytest.approx(
        2**0.25 * special.gamma(0.75) / np.sqrt(np.pi), rel=1e-15
    )
    assert_readable(display.figure_)


def test_residuals_far_out_stay_finite(plt):
    display = ResidualsDisplay.from_predictions([30.0, -30.0, 0.0], stats.norm())
    np.testing.assert_allclose(display.residuals, [30.0, -30.0, 0.0], rtol=1e-12)


def test_envelope_is_that_of_order_statistics(plt, model):
    display = ResidualsDisplay.from_estimator(model, X, Y)
    lowest = display.envelope_.get_paths()[0].vertices[:, 1].min()
    # The least of 442: 1 - (1 - p)^442 = 0.025.
    assert lowest == pytest.approx(stats.norm.ppf(1 - 0.975 ** (1 / 442)), rel=1e-9)


def profile_by_refitting(model, column, value):
    """Log-likelihood with one coefficient fixed, all else refitted."""
    rest = X.drop(columns=column)
    return GaussianMLRegressor().fit(rest, Y - value * X[column]).loglik_


@pytest.mark.parametrize("method", ["ml", "reml"])
def test_profile_of_a_coefficient(plt, method):
    model = GaussianMLRegressor(method=method).fit(X, Y)
    best = GaussianMLRegressor().fit(X, Y).loglik_
    display = LikelihoodDisplay.from_estimator(model, "bp")
    for k in (0, 60, 150):
        refitted = profile_by_refitting(model, "bp", display.values[0][k])
        assert display.relative_loglik[k] == pytest.approx(refitted - best, abs=1e-8)
    cut = best - stats.chi2.ppf(0.95, 1) / 2.0
    for end in display.interval:
        assert profile_by_refitting(model, "bp", end) == pytest.approx(cut, abs=1e-8)
    assert display.ax_.get_xlabel() == "bp"
    assert legend_of(display.ax_) == ["profile", "95 % interval", "estimate"]
    assert_readable(display.figure_)


def test_profile_of_sigma(plt, model):
    display = LikelihoodDisplay.from_estimator(model)

    def relative(sigma):
        at = model.statistics_.loglik(model.coef_, model.intercept_, sigma)
        return at - model.loglik_

    expected = [relative(sigma) for sigma in display.values[0]]
    np.testing.assert_allclose(display.relative_loglik, expected, atol=1e-9)
    cut = stats.chi2.ppf(0.95, 1) / 2.0
    end = brentq(lambda sigma: relative(sigma) + cut, model.sigma_, 2 * model.sigma_)
    assert display.interval[1] == pytest.approx(end, rel=1e-9)
    assert_readable(display.figure_)


def test_surface_of_two_coefficients(plt, model):
    display = LikelihoodDisplay.from_estimator(model, ("bp", "s5"))
    bp, s5 = display.values
    fixed = GaussianMLRegressor().fit(
        X[["bmi"]], Y - bp[20] * X["bp"] - s5[70] * X["s5"]
    )
    assert display.relative_loglik[70, 20] == pytest.approx(
        fixed.loglik_ - model.loglik_, abs=1e-8
    )
    assert_readable(display.figure_)


def test_surface_of_a_coefficient_and_sigma(plt, model):
    display = LikelihoodDisplay.from_estimator(model, (0, "sigma"))
    slope, sigma = display.values
    fixed = GaussianMLRegressor().fit(X.drop(columns="bmi"), Y - slope[30] * X["bmi"])
    at = fixed.statistics_.loglik(fixed.coef_, fixed.intercept_, sigma[40])
    assert display.relative_loglik[40, 30] == pytest.approx(
        at - model.loglik_, abs=1e-8
    )
    assert display.ax_.get_xlabel() == "bmi"


@pytest.mark.parametrize(
    ("model", "parameters", "error", "message"),
    [
        (GaussianMLRegressor(alpha=1.0), "sigma", ValueError, "alpha=1.0 .*alpha=0.0"),
        (GaussianMLRegressor(positive=True), 0, ValueError, "positive=True"),
        (
            GaussianMLRegressor(noise="log-linear"),
            0,
            ValueError,
            "noise='log-linear' has no profile",
        ),
        (BayesianRidge(), "sigma", TypeError, "got BayesianRidge"),
        (GaussianMLRegressor(), "age", ValueError, "no parameter 'age'.*'bmi'"),
        (GaussianMLRegressor(), 3, ValueError, "no coefficient 3: the model has 3"),
        (GaussianMLRegressor(), (0, 1, 2), ValueError, "One parameter or two"),
        (GaussianMLRegressor(fit_intercept=False), "intercept", ValueError, "no param"),
    ],
)
def test_likelihoods_that_are_not_drawn(plt, model, parameters, error, message):
    with pytest.raises(error, match=message):
        LikelihoodDisplay.from_estimator(model.fit(X, Y), parameters)


def test_init_only_stores():
    display = CalibrationDisplay([0.1, 0.9], "name")
    assert vars(display) == {"pit": [0.1, 0.9], "name": "name"}


def test_matplotlib_is_imported_when_drawing():
    code = (
        "import sys; import sklearn_gml.displays as d; "
        "assert 'matplotlib' not in sys.modules; sys.modules['matplotlib'] = None\n"
        "try: d.CalibrationDisplay([0.5]).plot()\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "the extra 'plot'" in done.stdout


# Rows that cannot be drawn, and errors -----


def test_residuals_of_an_outlier(plt, model):
    """A probability that underflows is none in logarithms."""
    y = Y.to_numpy(dtype=float).copy()
    y[3] += 1e4 * model.sigma_
    plugin = clone(model).set_params(predict_kind="plugin").fit(X, Y)
    display = ResidualsDisplay.from_estimator(plugin, X, y)
    expected = (y[3] - model.predict(X)[3]) / model.sigma_
    assert display.residuals[3] == pytest.approx(expected, rel=1e-10)
    assert display.quantiles_.get_data()[1].max() == display.residuals[3]


def test_residuals_outside_the_support(plt):
    model = TransformedTargetRegressor(
        GaussianMLRegressor(), func=np.log, inverse_func=np.exp
    ).fit(X, Y)
    y = Y.to_numpy(dtype=float).copy()
    y[[2, 5]] = -1.0
    with pytest.warns(UserWarning, match=r"not finite in 2 of 442 rows.*2 \(-inf\), 5"):
        display = ResidualsDisplay.from_estimator(model, X, y)
    np.testing.assert_array_equal(display.residuals[[2, 5]], -np.inf)
    # They take the two lowest places among the quantiles.
    theory, drawn = display.quantiles_.get_data()
    assert len(theory) == 442
    assert drawn[2] == display.residuals[np.isfinite(display.residuals)].min()
    assert len(display.spread_.get_data()[0]) == 440
    assert_readable(display.figure_)


def with_unknown_rows(distribution):
    scale = np.full(442, distribution.std()[0])
    scale[:7] = np.nan
    return stats.norm(distribution.mean(), scale)


def test_rows_of_which_nothing_is_known(plt, model):
    distribution = with_unknown_rows(model.predict_dist(X, kind="plugin"))
    with pytest.warns(UserWarning, match="not finite in 7 of 442 rows"):
        residuals = ResidualsDisplay.from_predictions(Y, distribution)
    assert len(residuals.quantiles_.get_data()[0]) == 435
    with pytest.warns(UserWarning, match="not finite in 7 of 442 rows"):
        calibration = CalibrationDisplay.from_predictions(Y, distribution)
    rest = CalibrationDisplay(calibration.pit[7:]).plot()
    for found, expected in zip(
        calibration.coverage_.get_data(), rest.coverage_.get_data(), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    nothing = stats.norm(np.zeros(442), np.nan)
    for display in (ResidualsDisplay, CalibrationDisplay):
        with pytest.raises(ValueError, match="finite in no row"):
            display.from_predictions(Y, nothing)


def test_errors_leave_no_figure_open(plt, model):
    before = plt.get_fignums()
    bad = [
        lambda: ResidualsDisplay(np.array([0.0, 1.0]), np.zeros(3)).plot(),
        lambda: CalibrationDisplay(np.array([0.5]), "x").plot(color="no colour"),
        lambda: CalibrationDisplay(np.array([0.5])).plot(n_bins=0),
        lambda: PredictiveDisplay(np.zeros(3), np.zeros(2), {0.5: (1, 2)}).plot(),
        lambda: LikelihoodDisplay.from_estimator(model, level=95),
        lambda: LikelihoodDisplay((np.zeros(3),), np.zeros(2), (0.0,), ("x",)).plot(),
    ]
    for draw in bad:
        with pytest.raises((ValueError, TypeError, IndexError)):
            draw()
        assert plt.get_fignums() == before


@pytest.mark.parametrize("levels", [(0.5, 95), (0.0,), (1.0,), 0.9, ("0.5",)])
def test_levels_that_are_no_probabilities(plt, model, levels):
    with pytest.raises(ValueError, match=r"levels must be .*, got"):
        PredictiveDisplay.from_estimator(model, X, Y, feature="bmi", levels=levels)
    with pytest.raises(ValueError, match=r"levels must be .*, got"):
        PredictiveDisplay.from_predictions(Y, model.predict_dist(X), levels=levels)
    with pytest.raises(ValueError, match=r"level must be between 0 and 1, got 95"):
        LikelihoodDisplay.from_estimator(model, level=95)


def test_fan_along_a_feature_with_missing_values(plt):
    missing = X.copy()
    missing.loc[[3, 8, 100], "bmi"] = np.nan
    missing.loc[[4, 9], "bp"] = np.nan
    model = make_pipeline(SimpleImputer(), GaussianMLRegressor()).fit(missing, Y)
    display = PredictiveDisplay.from_estimator(model, missing, Y, feature="bmi")
    assert display.x[0] == missing["bmi"].min()
    assert display.x[-1] == missing["bmi"].max()
    assert np.isfinite(display.median).all()
    for low, high in display.intervals.values():
        assert np.isfinite(low).all() and np.isfinite(high).all()
    array = missing.to_numpy()
    model.fit(array, Y)
    of_array = PredictiveDisplay.from_estimator(model, array, Y, feature=0)
    np.testing.assert_array_equal(of_array.x, display.x)
    x = np.r_[np.nan, np.arange(1.0, 442.0)]
    plain = stats.norm(np.arange(442.0), 1.0)
    display = PredictiveDisplay.from_predictions(Y, plain, x=x)
    np.testing.assert_array_equal(display.median, np.arange(1.0, 442.0))


def test_features_that_cannot_be_drawn_along(plt):
    frame = X.assign(sex=np.where(np.arange(len(X)) % 3, "f", "m"), gone=np.nan)
    model = GaussianMLRegressor().fit(X, Y)
    for feature, message in (
        ("sex", r"feature='sex' holds 'm', which is no number"),
        (3, r"feature=3 holds 'm', which is no number"),
        ("gone", "feature='gone' is missing in every row"),
        ("age", r"feature='age' is no column of X: it has \['bmi'"),
        (9, "feature=9, but X has 5 columns"),
    ):
        with pytest.raises(ValueError, match=message):
            PredictiveDisplay.from_estimator(model, frame, Y, feature=feature)


@pytest.mark.parametrize("format", ["csr", "csc", "coo"])
def test_fan_over_sparse_rows(plt, format):
    rng = np.random.default_rng(1)
    dense = np.where(rng.random((442, 4)) < [1.0, 0.7, 0.3, 0.0], X.iloc[:, [0] * 4], 0)
    rows = sparse.coo_array(dense).asformat(format)
    model = GaussianMLRegressor().fit(dense[:, :3], Y)
    padded = make_pipeline(
        FunctionTransformer(lambda a: a[:, :3], accept_sparse=True), model
    )
    expected = PredictiveDisplay.from_estimator(padded, dense, Y, feature=1)
    found = PredictiveDisplay.from_estimator(padded, rows, Y, feature=1)
    np.testing.assert_allclose(found.median, expected.median, rtol=1e-12)
    np.testing.assert_array_equal(found.x, expected.x)


def test_every_model_on_the_same_axes_has_its_own_colour(plt, model):
    first = CalibrationDisplay.from_estimator(model, X, Y, name="first")
    names = ["first"] + [f"another model of a very long name, {k}" for k in range(5)]
    displays = [first] + [
        CalibrationDisplay(first.pit ** (1.2 + k / 5), name).plot(first.axes_)
        for k, name in enumerate(names[1:])
    ]
    colours = {display.coverage_.get_color() for display in displays}
    assert len(colours) == 6
    from matplotlib.colors import same_color

    for display in displays:
        edge = display.histogram_.get_edgecolor()
        assert same_color(edge, display.coverage_.get_color())


def test_legend_fits_a_subplot(plt, model):
    figure, axes = plt.subplots(2, 2, figsize=(8, 7), layout="constrained")
    name = "GaussianMLRegressor with noise that varies"
    display = CalibrationDisplay.from_estimator(model, X, Y, name=name, ax=axes[0])
    CalibrationDisplay(display.pit**2, "constant noise").plot(axes[0])
    figure.canvas.draw()
    for ax in axes[0]:
        if ax.get_legend() is not None:
            box, frame = ax.get_legend().get_window_extent(), ax.bbox
            assert frame.x0 <= box.x0 and box.x1 <= frame.x1
            assert frame.y0 <= box.y0 and box.y1 <= frame.y1


def test_displays_draw_the_kind_that_is_asked_for(plt, model):
    plugin = clone(model).set_params(predict_kind="plugin").fit(X[:20], Y[:20])
    few = clone(model).fit(X[:20], Y[:20])
    rows = X[:30], Y[:30]
    for display, of in (
        (CalibrationDisplay, lambda drawn: drawn.pit),
        (ResidualsDisplay, lambda drawn: drawn.residuals),
    ):
        by_kind = of(display.from_estimator(few, *rows, kind="plugin"))
        expected = of(display.from_estimator(plugin, *rows))
        np.testing.assert_array_equal(by_kind, expected)
        assert np.abs(of(display.from_estimator(few, *rows)) - expected).max() > 1e-3
    wide = PredictiveDisplay.from_estimator(few, X[:30], feature="bmi")
    narrow = PredictiveDisplay.from_estimator(few, X[:30], feature="bmi", kind="plugin")
    lengths = [np.subtract(*drawn.intervals[0.95][::-1]) for drawn in (wide, narrow)]
    assert np.all(lengths[0] > lengths[1])
