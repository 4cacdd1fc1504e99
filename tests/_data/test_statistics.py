"""Statistics: sums, likelihoods, and the fit they give."""

import dataclasses
import json
import pickle
from itertools import pairwise

import numpy as np
import pytest
from generated import KINDS, problem
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sklearn_gml import GaussianMLRegressor, GaussianStatistics
from sklearn_gml._data.reduction import (
    GRAM_LIMITS,
    WHITENING_LIMITS,
    _cholesky,
    _gram,
    _householder,
)
from sklearn_gml._data.rows import Rows
from sklearn_gml._data.statistics import statistics_of_rows

seeds = st.integers(0, 10_000)
# Kinds whose fit is determined by more rows than parameters.
kinds = st.sampled_from(["long", "weighted", "several targets", "sparse"])


def of(generated):
    return GaussianStatistics.from_data(generated.X, generated.y, generated.weight)


def assert_same_fit(one, other, rtol):
    for name in ("coef_", "intercept_", "sigma_", "loglik_", "aic_", "bic_", "rank_"):
        a, b = np.asarray(getattr(one, name)), np.asarray(getattr(other, name))
        np.testing.assert_allclose(
            a, b, rtol=rtol, atol=rtol * np.max(np.abs(b), initial=0), err_msg=name
        )


@given(seed=seeds, kind=kinds, cuts=st.lists(st.integers(0, 120), max_size=4))
def test_any_partition_of_the_rows_gives_the_fit_of_all(seed, kind, cuts):
    generated = problem(seed, kind)
    n_samples = generated.X.shape[0]
    edges = sorted({0, n_samples, *(cut for cut in cuts if cut < n_samples)})
    parts = [of(generated.take(slice(start, stop))) for start, stop in pairwise(edges)]
    merged = sum(parts)
    assert merged.n_samples == n_samples
    estimator = GaussianMLRegressor(fit_intercept=generated.fit_intercept)
    batch = GaussianMLRegressor(fit_intercept=generated.fit_intercept)
    batch.fit(generated.X, generated.y, generated.weight)
    # Condition numbers stay below 1e3.
    assert_same_fit(estimator.fit_statistics(merged), batch, rtol=1e-11)


def products(statistics):
    """``[1 X y]' W [1 X y]``: what statistics of the same rows agree in."""
    root = statistics.about(0.0)
    return root.T @ root


def assert_same_rows(one, other, rtol=1e-13):
    """Equal to rounding: a dozen eps of a triangle, merged in another order."""
    assert one.n_samples == other.n_samples
    assert one.sum_weights == pytest.approx(other.sum_weights, rel=rtol)
    norms = np.sqrt(np.diagonal(products(other)))
    scale = np.multiply.outer(norms, norms)
    assert np.all(np.abs(products(one) - products(other)) <= rtol * scale)


def thirds(generated):
    """Three parts of uneven size, the first of a single row."""
    n_samples = generated.X.shape[0]
    edges = [0, 1, 1 + n_samples // 3, n_samples]
    return [of(generated.take(slice(*pair))) for pair in pairwise(edges)]


any_kind = st.sampled_from(KINDS)


@given(seed=seeds, kind=any_kind)
def test_merging_is_commutative_and_associative(seed, kind):
    a, b, c = thirds(problem(seed, kind))
    assert_same_rows(a + b, b + a)
    assert_same_rows((a + b) + c, a + (b + c))


@given(seed=seeds, kind=any_kind)
def test_statistics_of_no_rows_are_the_neutral_element(seed, kind):
    generated = problem(seed, kind)
    one = of(generated)
    n_targets = None if generated.y.ndim == 1 else generated.y.shape[1]
    empty = GaussianStatistics.empty(one.n_features, n_targets)
    assert one + empty is one
    assert empty + one is one
    assert sum([one]) is one
    assert (empty + empty).n_samples == 0


def test_statistics_of_no_rows():
    empty = GaussianStatistics.empty(2, 3, ["a", "b"])
    assert empty.loglik(np.ones((3, 2)), np.ones(3), np.ones(3)) == 0.0
    assert empty.feature_names == ("a", "b")
    with pytest.raises(ValueError, match=r"different targets .* 3 on the left, 1 on"):
        empty + GaussianStatistics.empty(2, feature_names=["a", "b"])
    with pytest.raises(ValueError, match="statistics are those of no rows"):
        GaussianMLRegressor().fit_statistics(empty)


@given(seed=seeds, kind=any_kind)
def test_json_keeps_every_bit(seed, kind):
    statistics = of(problem(seed, kind))
    again = GaussianStatistics.from_dict(
        json.loads(json.dumps(statistics.to_dict(), allow_nan=False))
    )
    for field in dataclasses.fields(statistics):
        left, right = (getattr(s, field.name) for s in (again, statistics))
        assert type(left) is type(right)
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("n_targets", [None, 1, 2])
def test_json_of_no_rows(n_targets):
    empty = GaussianStatistics.empty(3, n_targets, ["a", "b", "c"])
    again = GaussianStatistics.from_dict(json.loads(json.dumps(empty.to_dict())))
    assert again.factor.shape == empty.factor.shape
    assert again.feature_names == ("a", "b", "c")
    assert (again + empty).n_targets == empty.n_targets


BAD_DICTIONARIES = {
    "not one": ([], r"not the dictionary .* to_dict\(\)"),
    "of something else": ({"format": "JSON"}, "not the dictionary"),
    "version": ({"version": 99}, "version 99, but this .* reads version 1"),
    "unknown entry": ({"colour": 1}, r"entries .*'colour'.* expected are"),
    "not numbers": ({"factor": [["a"]]}, "factor must be a list of numbers"),
    "ragged": ({"factor": [[1.0], [1.0, 2.0]]}, "factor must be a list of numbers"),
    "infinite": ({"origin": [0.0, 0.0, np.inf]}, "origin has entries .* not finite"),
    "wide origin": ({"origin": [0.0] * 4}, r"factor has shape \(4, 4\), origin \(4,\)"),
    "full factor": ({"factor": np.ones((4, 4)).tolist()}, "not upper triangular"),
    "negative factor": ({"factor": (-np.eye(4)).tolist()}, "non-negative diagonal"),
    "features": ({"n_features": 3}, "3 entries for 3 features and y"),
    "names": ({"feature_names": ["a"]}, "1 names for 2 features"),
    "count": ({"n_samples": 0}, "n_samples is 0"),
    "log scale": ({"log_scale": None}, "log_scale is None"),
    "text": ({"sum_weights": "9"}, "sum_weights is '9'"),
    "boolean version": ({"version": True}, "version True"),
    "other keys": ({3: 1}, "expected are"),
    "boolean weights": ({"sum_weights": True}, "sum_weights is True"),
    "boolean count": ({"n_samples": True}, "n_samples is True"),
    "huge count": ({"n_samples": 10**400}, "n_samples is 10"),
    "huge weights": ({"sum_weights": 10**400}, "sum_weights is 10"),
    "huge entry": ({"origin": [0.0, 10**400, 0.0]}, "origin has entries .* not finite"),
    "text in the origin": ({"origin": [0.0, "1", 0.0]}, "origin must be a list of nu"),
    "boolean in the origin": ({"origin": [0.0, True, 0.0]}, "origin must be a list"),
    "no list": ({"origin": None}, "origin must be a list of numbers"),
    "number as factor": ({"factor": 1}, "factor must be a list of numbers, got 1"),
    "number as origin": ({"origin": 1.0}, "origin must be a list of numbers, got 1"),
    "dictionary": ({"factor": {"a": 1}}, "factor must be a list of numbers"),
    "vector of two": ({"n_features": 1}, "vector_target is True with 2 targets"),
    "vector as number": ({"vector_target": 1}, "vector_target is 1"),
    "zero factor": ({"factor": np.zeros((4, 4)).tolist()}, "first entry of factor"),
    "enormous factor": (
        {"factor": np.diag([1.0, 1e200, 1.0, 1.0]).tolist()},
        "factor has entries more than",
    ),
    "names as text": ({"feature_names": "ab"}, "feature_names must be a list of str"),
    "names as numbers": ({"feature_names": [1, 2]}, "feature_names must be a list"),
    "names as dictionary": ({"feature_names": {"a": 1, "b": 2}}, "must be a list of s"),
}


@pytest.mark.parametrize("name", BAD_DICTIONARIES)
def test_bad_dictionary(name):
    X, y = np.random.default_rng(0).standard_normal((2, 9, 2))
    good = GaussianStatistics.from_data(X, y[:, 0]).to_dict()
    change, message = BAD_DICTIONARIES[name]
    with pytest.raises(ValueError, match=message):
        GaussianStatistics.from_dict({**good, **change} if change else change)


def test_a_dictionary_with_an_entry_missing():
    plain = of(problem(0, "long")).to_dict()
    del plain["origin"]
    with pytest.raises(ValueError, match=r"expected are .*'origin'"):
        GaussianStatistics.from_dict(plain)


@given(seed=seeds, kind=kinds)
def test_loglik_is_that_of_the_rows(seed, kind):
    generated = problem(seed, kind)
    rng = np.random.default_rng(seed)
    statistics = of(generated)
    shape = (statistics.n_targets, statistics.n_features)
    coef, intercept = rng.normal(size=shape), rng.normal(size=shape[0])
    sigma = rng.uniform(0.2, 3.0, shape[0])
    Y = generated.y.reshape(len(generated.y), -1)
    density = stats.norm(generated.dense @ coef.T + intercept, sigma).logpdf(Y)
    weight = np.ones(len(Y)) if generated.weight is None else generated.weight
    expected = weight @ density.sum(axis=1)
    value = statistics.loglik(coef, intercept, sigma)
    assert value == pytest.approx(expected, rel=1e-11)


@given(seed=seeds, kind=kinds)
def test_factor_is_triangular_and_a_root_of_the_products(seed, kind):
    generated = problem(seed, kind)
    statistics = of(generated)
    rows = np.column_stack(
        [np.ones(generated.X.shape[0]), generated.dense, generated.y]
    )
    weight = 1.0 if generated.weight is None else generated.weight[:, None]
    root = statistics.about(0.0)
    expected = rows.T @ (weight * rows)
    np.testing.assert_allclose(
        root.T @ root, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max()
    )
    np.testing.assert_array_equal(np.tril(statistics.factor, -1), 0.0)
    assert np.all(np.diagonal(statistics.factor) >= 0)


def near_collinear(distance, n_samples=5000):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_samples, 4))
    X[:, 3] = X[:, 0] + distance * X[:, 3]
    return Rows.of(X, X @ [1.0, 2.0, 3.0, 0.0] + rng.standard_normal(n_samples))


@pytest.mark.parametrize("distance", [1.0, 1e-2, 1e-4, 1e-7, 1e-9])
def test_every_way_to_the_factor_gives_the_same(distance):
    rows = near_collinear(distance)
    expected = _householder(rows, np.zeros(5))
    # Either way an entry may be off by eps times the condition number, in units of
    # its column: the direction of a nearly collinear column is known no better.
    actual = statistics_of_rows(rows).about(0.0)
    error = np.abs(actual - expected) / np.linalg.norm(expected, axis=0)
    assert np.max(error) < 1e-14 / distance


def test_gram_hands_over_when_it_would_lose_digits():
    limits = {1.0: [], 1e-2: [GRAM_LIMITS], 1e-7: [GRAM_LIMITS, WHITENING_LIMITS]}
    for distance, exceeded in limits.items():
        _, quality = _cholesky(_gram(near_collinear(distance), np.zeros(5)), 4)
        for limit in (GRAM_LIMITS, WHITENING_LIMITS):
            assert quality.within(limit) == (limit not in exceeded)
    rng = np.random.default_rng(0)
    x, noise = rng.standard_normal((2, 500))
    nearly_exact = Rows.of(x[:, None], x + 1e-3 * noise)
    _, quality = _cholesky(_gram(nearly_exact, np.zeros(2)), 1)
    assert not quality.within(GRAM_LIMITS)
    tiny = Rows.of(x[:, None] * 1e-160, noise)
    assert _cholesky(_gram(tiny, np.zeros(2)), 1) == (None, None)


def test_rows_that_start_far_from_the_rest():
    """The origin chosen from the first rows is no good; the sums show it."""
    rng = np.random.default_rng(0)
    X = np.vstack([np.zeros((5000, 1)), 1e7 + rng.standard_normal((50_000, 1))])
    y = 2.0 * X[:, 0] + rng.standard_normal(len(X))
    order = rng.permutation(len(X))
    ordered = GaussianMLRegressor().fit(X, y)
    shuffled = GaussianMLRegressor().fit(X[order], y[order])
    np.testing.assert_allclose(ordered.coef_, shuffled.coef_, rtol=1e-12)
    np.testing.assert_allclose(ordered.sigma_, shuffled.sigma_, rtol=1e-9)


def test_statistics_are_frozen_small_and_picklable():
    generated = problem(2)
    statistics = of(generated)
    with pytest.raises(dataclasses.FrozenInstanceError):
        statistics.sum_weights = 1.0
    assert statistics.factor.size <= (1 + statistics.n_features + 1) ** 2
    copy = pickle.loads(pickle.dumps(statistics))
    np.testing.assert_array_equal(copy.factor, statistics.factor)


def test_weight_zero_is_a_row_less():
    generated = problem(2, "long")
    weight = np.ones(len(generated.y))
    weight[::3] = 0.0
    kept = weight > 0
    without = GaussianStatistics.from_data(generated.X[kept], generated.y[kept])
    weighted = GaussianStatistics.from_data(generated.X, generated.y, weight)
    assert weighted.n_samples == without.n_samples == kept.sum()
    assert weighted.sum_weights == without.sum_weights
    np.testing.assert_allclose(
        weighted.about(0.0).T @ weighted.about(0.0),
        without.about(0.0).T @ without.about(0.0),
        rtol=1e-12,
        atol=1e-12,
    )


def test_different_columns_cannot_be_added():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((9, 3)), rng.standard_normal((9, 2))
    statistics = GaussianStatistics.from_data(X, y)
    with pytest.raises(ValueError, match=r"different features .* 3 on the left, 2 on"):
        statistics + GaussianStatistics.from_data(X[:, :2], y)
    with pytest.raises(ValueError, match=r"different targets .* 2 on the left, 1 on"):
        statistics + GaussianStatistics.from_data(X, y[:, 0])
    pandas = pytest.importorskip("pandas")
    left, right = (pandas.DataFrame(X, columns=list(names)) for names in ("abc", "abd"))
    with pytest.raises(
        ValueError, match=r"different feature names .*'c'.* on the left"
    ):
        GaussianStatistics.from_data(left, y) + GaussianStatistics.from_data(right, y)
    column = GaussianStatistics.from_data(X, y[:, :1])
    with pytest.raises(ValueError, match="different dimensions of y"):
        GaussianStatistics.from_data(X, y[:, 0]) + column
    with pytest.raises(TypeError, match="unsupported operand"):
        statistics + 1
    with pytest.raises(TypeError, match="unsupported operand"):
        statistics - statistics


def test_loglik_refuses_parameters_that_do_not_fit():
    statistics = of(problem(0, "long"))
    p = statistics.n_features
    with pytest.raises(ValueError, match=r"coef must have shape \(1, "):
        statistics.loglik(np.zeros(p + 1), 0.0, 1.0)
    with pytest.raises(ValueError, match="sigma must be positive"):
        statistics.loglik(np.zeros(p), 0.0, 0.0)
    with pytest.raises(ValueError, match="intercept must have shape"):
        statistics.loglik(np.zeros(p), [0.0, 1.0], 1.0)


def test_order_of_parts_that_lie_apart():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 2)) @ [[1.0, 0.99], [0.0, 0.1]]
    y = x @ [1.0, 2.0] + rng.standard_normal(500)
    near, far = of_rows(x, y), of_rows(np.full((1, 2), 1e8), np.array([3e8]))
    models = [GaussianMLRegressor().fit_statistics(s) for s in (near + far, far + near)]
    # The far row makes the columns collinear to 1e-8.
    np.testing.assert_allclose(models[0].coef_, models[1].coef_, rtol=1e-7)


def of_rows(X, y):
    return GaussianStatistics.from_data(X, y)
