"""Folds: sums of statistics, and the scores that they give for every alpha."""

import numpy as np
import pytest
from generated import KINDS, problem
from heldout import scores_by_refitting
from scipy import sparse
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
)

from sklearn_gml import GaussianStatistics
from sklearn_gml._data.rows import Rows
from sklearn_gml._data.statistics import statistics_of_rows
from sklearn_gml._likelihood.cross_validation import (
    FoldCurve,
    Split,
    _groups,
    complements,
    consecutive_splits,
    folds_of_rows,
)
from sklearn_gml._likelihood.scorings import SCORINGS

ALPHAS = np.array([0.03, 1.0, 100.0])
SPLITTERS = (
    KFold(3),
    KFold(4, shuffle=True, random_state=0),
    RepeatedKFold(n_splits=2, n_repeats=2, random_state=0),
    ShuffleSplit(3, test_size=0.3, random_state=0),
    ShuffleSplit(3, test_size=0.3, train_size=0.4, random_state=0),
    TimeSeriesSplit(3),
)


def counted(statistics):
    return statistics.n_samples, statistics.sum_weights


@pytest.mark.parametrize("scoring", SCORINGS)
@pytest.mark.parametrize("seed", range(24))
def test_scores_are_those_of_fits(seed, scoring):
    generated, rng = problem(seed), np.random.default_rng(seed)
    X, y, n_samples = generated.X, generated.y, generated.X.shape[0]
    splitter = SPLITTERS[seed % 5 if n_samples < 8 else seed % 6]
    if n_samples < 4:
        splitter = LeaveOneOut()
    noise_scale = rng.uniform(0.5, 2.0, n_samples) if seed % 3 == 0 else None
    alphas = ALPHAS
    if KINDS[seed % len(KINDS)] in ("long", "weighted") and n_samples > 25:
        alphas = np.append(0.0, ALPHAS)
    pairs = list(splitter.split(np.empty((n_samples, 1))))
    rows = Rows.of(X, y, generated.weight, noise_scale)
    splits = [Split.of(*pair, n_samples) for pair in pairs]
    _, folds = folds_of_rows(rows, splits, statistics_of_rows)
    restricted = bool(seed % 2)
    settings = {"fit_intercept": generated.fit_intercept}
    curve = FoldCurve(folds, SCORINGS[scoring], rows, restricted=restricted, **settings)
    scores = curve(alphas)
    expected = scores_by_refitting(
        X, y, alphas, pairs, scoring, weight=generated.weight,
        noise_scale=noise_scale, method="reml" if restricted else "ml", **settings,
    )  # fmt: skip
    np.testing.assert_allclose(
        scores.by_fold[:, :, 0], expected, rtol=1e-10, atol=1e-10
    )
    np.testing.assert_allclose(scores.mean[:, 0], expected.mean(axis=1), 1e-10, 1e-10)
    np.testing.assert_allclose(scores.deviation[:, 0], expected.std(axis=1), 1e-8, 1e-9)


@pytest.mark.parametrize("scoring", ["loglik", "neg_mean_squared_error"])
def test_targets_apart_and_pooled(scoring):
    generated = problem(3, "several targets")
    rows = Rows.of(generated.X, generated.y)
    n_samples, n_targets = generated.y.shape
    splits = consecutive_splits(n_samples, 3)
    _, folds = folds_of_rows(rows, splits, statistics_of_rows)
    apart = FoldCurve(folds, SCORINGS[scoring], apart=True)(ALPHAS)
    pooled = FoldCurve(folds, SCORINGS[scoring])(ALPHAS)
    assert apart.mean.shape == (len(ALPHAS), n_targets)
    assert pooled.mean.shape == (len(ALPHAS), 1)
    pool = np.sum if scoring == "loglik" else np.mean
    np.testing.assert_allclose(pool(apart.mean, axis=1), pooled.mean[:, 0], rtol=1e-13)
    for target in range(n_targets):
        rows = Rows.of(generated.X, generated.y[:, target])
        _, folds = folds_of_rows(rows, splits, statistics_of_rows)
        one = FoldCurve(folds, SCORINGS[scoring])(ALPHAS)
        np.testing.assert_allclose(apart.mean[:, target], one.mean[:, 0], rtol=1e-12)


@pytest.mark.parametrize("number", [1, 2, 3, 5, 8, 13])
def test_complements_are_sums_of_the_others(number):
    rng = np.random.default_rng(number)
    parts = [
        GaussianStatistics.from_data(
            rng.standard_normal((at + 1, 2)), rng.standard_normal(at + 1)
        )
        for at in range(number)
    ]
    total, outside = complements(parts)
    assert counted(total) == (number * (number + 1) // 2,) * 2
    if number == 1:
        assert outside == [None]
        return
    for at, (part, rest) in enumerate(zip(parts, outside, strict=True)):
        direct = sum(parts[:at] + parts[at + 1 :])
        assert counted(rest) == counted(direct)
        one, other, whole = (s.about(0.0) for s in (rest, direct, rest + part))
        np.testing.assert_allclose(one.T @ one, other.T @ other, atol=1e-12)
        everything = total.about(0.0)
        np.testing.assert_allclose(whole.T @ whole, everything.T @ everything, 1e-11)


@pytest.mark.parametrize(("n_samples", "n_splits"), [(10, 2), (11, 3), (7, 7), (23, 5)])
def test_consecutive_splits_are_those_of_kfold(n_samples, n_splits):
    expected = KFold(n_splits).split(np.empty((n_samples, 1)))
    own = consecutive_splits(n_samples, n_splits)
    for split, (train, test) in zip(own, expected, strict=True):
        np.testing.assert_array_equal(np.arange(n_samples)[split.test], test)
        np.testing.assert_array_equal(split.rows_of_train(n_samples), train)


def groups_of(pairs, n_samples):
    splits = [Split.of(*pair, n_samples) for pair in pairs]
    return [(len(group), whole) for group, whole in _groups(splits, n_samples)]


def test_which_splits_are_merged():
    """Those of one partition; whatever overlaps or leaves rows out is not."""
    rows, n_samples = np.empty((12, 1)), 12
    groups = np.arange(12) % 4
    assert groups_of(KFold(3).split(rows), n_samples) == [(3, True)]
    assert groups_of(LeaveOneOut().split(rows), n_samples) == [(12, True)]
    by_group = GroupKFold(4).split(rows, groups=groups)
    assert groups_of(by_group, n_samples) == [(4, True)]
    repeated = RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)
    assert groups_of(repeated.split(rows), n_samples) == [(3, True)] * 2
    assert all(
        not whole
        for splitter in (ShuffleSplit(4, random_state=1), TimeSeriesSplit(3))
        for _, whole in groups_of(splitter.split(rows), n_samples)
    )
    # A fold is missing, then a partition.
    some = [*list(KFold(3).split(rows))[:2], *KFold(2).split(rows)]
    assert groups_of(some, n_samples) == [(2, False), (2, True)]


@pytest.mark.parametrize(
    ("train", "test", "complement"),
    [
        ([0, 1, 2], [3, 4], True),
        ([0, 1], [3, 4], False),
        ([0, 1, 2, 3], [3, 4], False),
        ([0, 0, 1], [3, 4], False),
        ([0, 1, 2], [3, 3], False),
        ([2, 1, 0], [4, 3], True),
        ([0, 1, 2], [-2, -1], True),
        (np.array([1, 1, 1, 0, 0], bool), np.array([0, 0, 0, 1, 1], bool), True),
    ],
)
def test_complements_are_recognised(train, test, complement):
    split = Split.of(train, test, 5)
    assert (split.train is None) == complement
    if complement:
        assert sorted(split.rows_of_train(5)) == [0, 1, 2]


def test_consecutive_rows_are_read_in_place():
    X = np.zeros((10, 2))
    split = Split.of(*next(KFold(5).split(X)), 10)
    assert split.test == slice(0, 2)
    assert np.shares_memory(Rows.of(X, np.zeros(10)).take(split.test).X, X)
    rows = Rows.of(sparse.csr_array(X), np.zeros(10), np.ones(10), np.ones(10))
    taken = rows.take(np.array([1, 4]))
    assert taken.X.shape == (2, 2)
    assert taken.frequency.shape == taken.noise_scale.shape == (2,)


def test_folds_without_weight_are_an_error():
    X, y = np.arange(6.0).reshape(-1, 1), np.arange(6.0)
    rows = Rows.of(X, y, np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0]))
    with pytest.raises(ValueError, match="no rows of positive weight to hold out"):
        folds_of_rows(rows, consecutive_splits(6, 3), statistics_of_rows)
    rows = Rows.of(X, y, np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]))
    splits = [Split.of([0, 1, 2], [4, 5], 6)]
    with pytest.raises(ValueError, match="no rows of positive weight to fit"):
        folds_of_rows(rows, splits, statistics_of_rows)


def test_least_squares_has_no_predictive_score_of_rows_outside_its_span():
    """A level that only one fold has, and a column that repeats another."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((24, 4))
    X[:, 2] = np.arange(24) == 20
    X[:, 3] = X[:, 0] - X[:, 1]
    y = rng.standard_normal(24)
    weight = np.ones(24)
    weight[[2, 19]] = 0.0
    rows = Rows.of(X, y, weight)
    splits = consecutive_splits(24, 3)
    _, folds = folds_of_rows(rows, splits, statistics_of_rows)
    alphas = np.array([0.0, 1.0])
    scores = FoldCurve(folds, SCORINGS["predictive"], rows)(alphas).by_fold[:, :, 0]
    pairs = [(split.rows_of_train(24), split.rows_of_test(24)) for split in splits]
    kept = [(train[weight[train] > 0], test[weight[test] > 0]) for train, test in pairs]
    expected = scores_by_refitting(X, y, alphas, kept, "predictive")
    assert np.isnan(expected).tolist() == [[False, False, True], [False] * 3]
    np.testing.assert_allclose(scores, expected, rtol=1e-10)
