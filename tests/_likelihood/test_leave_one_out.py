"""Leave-one-out in closed form: the fits without each row, one by one."""

import numpy as np
import pytest
from generated import KINDS, problem
from heldout import copies_left_out, scores_by_refitting

from sklearn_gml._data.rows import Rows
from sklearn_gml._data.statistics import statistics_of_rows
from sklearn_gml._likelihood.leave_one_out import LeaveOneOutCurve, Moments
from sklearn_gml._likelihood.scorings import SCORINGS
from sklearn_gml._likelihood.shrinkage import RidgePath

ALPHAS = np.array([1e-4, 0.1, 3.0, 1e4])


def curve_of(X, y, scoring, weight=None, noise_scale=None, **settings):
    rows = Rows.of(X, y, weight, noise_scale)
    path = RidgePath(statistics_of_rows(rows), **settings)
    return LeaveOneOutCurve(rows, path, SCORINGS[scoring])


@pytest.mark.parametrize("scoring", SCORINGS)
@pytest.mark.parametrize("seed", range(2 * len(KINDS)))
def test_scores_are_those_of_fits_without_each_copy(seed, scoring):
    kind = KINDS[seed % len(KINDS)]
    generated, rng = problem(seed, kind), np.random.default_rng(seed)
    generated = generated.take(slice(0, 18))
    X, y, n_samples = generated.X, generated.y, generated.X.shape[0]
    noise_scale = rng.uniform(0.5, 2.0, n_samples) if seed % 2 else None
    weight = None
    if kind == "weighted":
        weight = rng.integers(0, 3, n_samples).astype(float)
    restricted = bool(seed % 3 == 0)
    # Least squares where rows are more than columns, whichever row is left out.
    alphas = ALPHAS
    if kind in ("several targets", "weighted") and weight is None:
        alphas = np.append(ALPHAS, 0.0)
    settings = {"fit_intercept": generated.fit_intercept}
    curve = curve_of(X, y, scoring, weight, noise_scale, restricted=restricted,
                     **settings)  # fmt: skip
    scores = curve(alphas)
    splits = copies_left_out(weight, n_samples)
    expected = scores_by_refitting(
        X, y, alphas, splits, scoring, noise_scale=noise_scale,
        method="reml" if restricted else "ml", **settings,
    )  # fmt: skip
    share = np.ones(len(splits))
    if scoring == "neg_mean_squared_error" and noise_scale is not None:
        share = np.array([noise_scale[test[0]] ** -2 for _, test in splits])
    share /= share.sum()
    mean = expected @ share
    deviation = np.sqrt((expected - mean[:, None]) ** 2 @ share)
    np.testing.assert_allclose(scores.mean[:, 0], mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(scores.deviation[:, 0], deviation, rtol=1e-8, atol=1e-9)
    assert scores.count == len(splits)


@pytest.mark.parametrize("scoring", SCORINGS)
def test_least_squares_of_more_rows_than_columns(scoring):
    generated = problem(8, "long").take(slice(0, 18))
    alphas = np.array([0.0, 1.0])
    scores = curve_of(generated.X, generated.y, scoring)(alphas)
    splits = copies_left_out(None, 18)
    expected = scores_by_refitting(generated.X, generated.y, alphas, splits, scoring)
    np.testing.assert_allclose(scores.mean[:, 0], expected.mean(axis=1), rtol=1e-10)


def test_a_row_of_weight_below_one_is_left_out_altogether():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((12, 2)), rng.standard_normal(12)
    weight = rng.uniform(0.1, 1.0, 12)
    scores = curve_of(X, y, "loglik", weight)(ALPHAS)
    splits = [(np.delete(np.arange(12), at), np.array([at])) for at in range(12)]
    expected = scores_by_refitting(X, y, ALPHAS, splits, "loglik", weight=weight)
    np.testing.assert_allclose(
        scores.mean[:, 0], expected @ weight / weight.sum(), rtol=1e-11
    )


@pytest.mark.parametrize("seed", range(4))
def test_hardly_any_prior_over_few_rows_keeps_its_digits(seed):
    """1 - h and e are both of the size of alpha / d^2 there; the dual has them."""
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((8, 20)), rng.standard_normal(8)
    alphas = np.array([1e-9, 1e-6])
    scores = curve_of(X, y, "neg_mean_squared_error", fit_intercept=False)(alphas)
    kernel = X @ X.T
    for at, alpha in enumerate(alphas):
        inverse = np.linalg.inv(kernel + alpha * np.eye(8))
        removed = inverse @ y / np.diagonal(inverse)
        assert scores.mean[at, 0] == pytest.approx(-np.mean(removed**2), rel=1e-12)


def test_a_row_that_alone_decides_its_prediction_has_no_score_by_least_squares():
    X = np.column_stack([np.arange(8.0) ** 2, np.eye(8)[0]])
    y = np.arange(8.0) % 3
    means = curve_of(X, y, "loglik")(np.array([0.0, 1e-8, 1.0])).mean[:, 0]
    assert np.isnan(means[0])
    assert np.isfinite(means[1:]).all()


def test_fill_values_at_weight_zero_do_not_matter():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((12, 2)), rng.standard_normal(12)
    weight = np.ones(12)
    weight[[3, 7]] = 0.0
    kept = weight > 0
    expected = curve_of(X[kept], y[kept], "predictive")(ALPHAS)
    X[3], y[7] = 1e100, -1e100
    scores = curve_of(X, y, "predictive", weight)(ALPHAS)
    np.testing.assert_allclose(scores.mean, expected.mean, rtol=1e-12)


def test_a_single_row_cannot_be_left_out():
    with pytest.raises(ValueError, match="two rows at least, got 1"):
        curve_of(np.ones((2, 1)), np.ones(2), "loglik", np.array([1.0, 0.0]))


def test_moments_of_blocks_are_those_of_all():
    rng = np.random.default_rng(0)
    values, weights = 1e8 + rng.standard_normal((100, 3)), rng.uniform(0, 2, 100)
    moments = Moments()
    for part in np.split(np.arange(100), [1, 40, 41]):
        moments.add(values[part], weights[part])
    mean = np.average(values, axis=0, weights=weights)
    np.testing.assert_allclose(moments.mean, mean, rtol=1e-15)
    expected = weights @ (values - mean) ** 2
    # Sums of squares about zero would have no digit left.
    np.testing.assert_allclose(moments.squares, expected, rtol=1e-7)
