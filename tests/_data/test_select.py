"""Statistics of fewer columns: those of rows that never had the others."""

import numpy as np
import pandas as pd
import pytest
from generated import KINDS, problem

from sklearn_gml import GaussianMLRegressor, GaussianStatistics


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("with_scale", [False, True])
def test_fit_of_selected_statistics_is_that_of_selected_rows(seed, with_scale):
    generated = problem(seed, KINDS[seed % len(KINDS)])
    rng = np.random.default_rng(seed)
    scale = rng.uniform(0.5, 2.0, len(generated.y)) if with_scale else None
    n_features = generated.X.shape[1]
    columns = rng.permutation(n_features)[: rng.integers(1, n_features + 1)]
    arguments = (generated.y, generated.weight, scale)
    selected = GaussianStatistics.from_data(generated.X, *arguments).select(columns)
    direct = GaussianStatistics.from_data(generated.dense[:, columns], *arguments)
    assert selected.n_features == len(columns)
    assert selected.n_samples == direct.n_samples
    assert selected.sum_weights == direct.sum_weights
    assert selected.log_scale == direct.log_scale
    # A prior, so that collinear and wide columns have one answer.
    for alpha in (0.1, 10.0):
        one, other = (
            GaussianMLRegressor(
                alpha=alpha, fit_intercept=generated.fit_intercept
            ).fit_statistics(statistics)
            for statistics in (selected, direct)
        )
        size = np.abs(other.coef_).max()
        np.testing.assert_allclose(one.coef_, other.coef_, rtol=0, atol=1e-10 * size)
        np.testing.assert_allclose(one.sigma_, other.sigma_, rtol=1e-10)
        assert one.loglik_ == pytest.approx(other.loglik_, rel=1e-10, abs=1e-9)


@pytest.fixture
def named():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.standard_normal((30, 4)), columns=list("abcd"))
    return X, GaussianStatistics.from_data(X, X @ [1.0, 2.0, 3.0, 4.0] + 5.0)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["c", "a"], "ca"),
        ("b", "b"),
        (pd.Index(["d", "b"]), "db"),
        (2, "c"),
        ([-1, 0], "da"),
        (np.array([True, False, True, False]), "ac"),
        (slice(None, None, -1), "dcba"),
        (range(2), "ab"),
        ([], ""),
        ((), ""),
    ],
)
def test_ways_to_select(named, columns, expected):
    X, statistics = named
    selected = statistics.select(columns)
    assert selected.feature_names == tuple(expected)
    means = X[list(expected)].mean().to_numpy()
    np.testing.assert_allclose(selected.mean[:-1], means, atol=1e-15)
    assert selected.mean[-1] == pytest.approx(statistics.mean[-1])


@pytest.mark.parametrize(
    "columns",
    [
        ["nope"],
        [4],
        [-5],
        True,
        None,
        1.5,
        [0.0, 1.0],
        [[0, 1]],
        [True, False],
        ["a", 0],
        [0, 0],
        ["a", "a"],
        [0, -4],
    ],
)
def test_what_selects_nothing_is_named(named, columns):
    with pytest.raises(ValueError, match="columns="):
        named[1].select(columns)


def test_names_need_names():
    statistics = GaussianStatistics.from_data([[1.0], [2.0], [4.0]], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="does not select from 1 columns"):
        statistics.select(["a"])
    assert statistics.select([0]).feature_names is None


def test_select_and_add_commute(named):
    X, _ = named
    y = X.sum(axis=1) + np.arange(30)
    parts = [
        GaussianStatistics.from_data(X[rows], y[rows])
        for rows in (slice(0, 7), slice(7, 30))
    ]
    one, other = sum(parts).select(["d", "a"]), sum(p.select(["d", "a"]) for p in parts)
    same = one.about(0.0), other.about(0.0)
    np.testing.assert_allclose(same[0].T @ same[0], same[1].T @ same[1], rtol=1e-12)


def test_statistics_of_no_rows():
    empty = GaussianStatistics.empty(3, feature_names="abc").select(["c"])
    assert empty.factor.shape == (0, 3)
    part = GaussianStatistics.from_data(
        pd.DataFrame({"c": [1.0, 2.0, 4.0]}), [1.0, 2.0, 3.0]
    )
    assert (empty + part) is part
