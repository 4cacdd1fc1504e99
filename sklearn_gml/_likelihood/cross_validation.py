"""Cross-validation from the statistics of folds: exact, for every alpha at once.

The statistics of the rows outside a fold are the sum of those of the other folds, one
singular value decomposition of that sum fits every alpha, and the held-out residual
squares follow from the statistics of the fold itself. No row is read twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from .._data.rows import Rows
from .._data.statistics import GaussianStatistics
from .choice import Scores
from .leave_one_out import Moments
from .scorings import ScoredRows
from .shrinkage import RidgePath


@dataclass(frozen=True, eq=False)
class Split:
    """Rows to fit and rows to score.

    Attributes
    ----------
    train : ndarray of int, or None
        None is all rows but those of ``test``.
    test : slice or ndarray of int
    """

    train: NDArray | None
    test: slice | NDArray

    @classmethod
    def of(cls, train, test, n_samples: int) -> Split:
        """A split of positions or masks; what is a complement is recognised."""
        train, test = _positions(train, n_samples), _positions(test, n_samples)
        seen = np.zeros(n_samples, dtype=bool)
        seen[train] = True
        complement = len(train) + len(test) == n_samples and not seen[test].any()
        # With a row twice in train or test the rest cannot cover all.
        complement = complement and np.count_nonzero(seen) == len(train)
        if complement:
            seen[test] = True
            complement = bool(seen.all())
        return cls(None if complement else train, _as_slice(test))

    def rows_of_test(self, n_samples: int) -> NDArray:
        """Positions of ``test``."""
        if isinstance(self.test, slice):
            return np.arange(n_samples)[self.test]
        return self.test

    def rows_of_train(self, n_samples: int) -> NDArray:
        """Positions of ``train``."""
        if self.train is not None:
            return self.train
        seen = np.zeros(n_samples, dtype=bool)
        seen[self.test] = True
        return np.flatnonzero(~seen)


def _positions(chosen, n_samples):
    chosen = np.asarray(chosen)
    if chosen.dtype == bool:
        return np.flatnonzero(chosen)
    # Negative positions, as indexing has them.
    return np.where(chosen < 0, chosen + n_samples, chosen)


def _as_slice(positions):
    """A slice, which is read without a copy, if the positions are consecutive."""
    if len(positions) and positions[-1] - positions[0] + 1 == len(positions):
        consecutive = np.arange(positions[0], positions[-1] + 1)
        if np.array_equal(positions, consecutive):
            return slice(int(positions[0]), int(positions[-1]) + 1)
    return positions


def consecutive_splits(n_samples: int, n_splits: int) -> list[Split]:
    """The splits of scikit-learn's ``KFold(n_splits)``."""
    sizes = np.full(n_splits, n_samples // n_splits)
    sizes[: n_samples % n_splits] += 1
    ends = np.cumsum(sizes)
    return [
        Split(None, slice(int(end - size), int(end)))
        for end, size in zip(ends, sizes, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class Fold:
    """Statistics of the rows to fit and of those to score, and where the latter are."""

    train: GaussianStatistics
    test: GaussianStatistics
    split: Split | None = None


def complements(
    parts: Sequence[GaussianStatistics],
) -> tuple[GaussianStatistics, list[GaussianStatistics]]:
    """The sum of all parts, and for each part that of all the others.

    A part cannot be subtracted (:class:`GaussianStatistics`). Sums of pairs, of fours
    and so on, and on the way back what lies outside of each, take three additions a
    part.
    """
    levels = [list(parts)]
    while len(levels[-1]) > 1:
        level = levels[-1]
        levels.append([sum(level[at : at + 2]) for at in range(0, len(level), 2)])
    outside = [None]
    for level in reversed(levels[:-1]):
        outside = [_sum_of(outside[at // 2], level, at ^ 1) for at in range(len(level))]
    return levels[-1][0], outside


def _sum_of(outside, level, sibling):
    others = [] if outside is None else [outside]
    if sibling < len(level):
        others.append(level[sibling])
    return sum(others)


def folds_of_statistics(parts: Sequence[GaussianStatistics]):
    """``(total, folds)`` of parts, each held out in turn."""
    total, outside = complements(parts)
    folds = [Fold(train, test) for train, test in zip(outside, parts, strict=True)]
    return total, folds


def folds_of_rows(rows: Rows, splits: Sequence[Split], make):
    """``(total, folds)``: the statistics of all rows, and of the splits in order.

    Splits in a row whose test rows are all rows once (K folds, also repeated) are
    merged from the statistics of their test rows. Others have statistics of their own.

    Parameters
    ----------
    rows : Rows
    splits : sequence of Split
    make : callable
        ``make(rows)`` is their statistics.
    """
    total, folds = None, []
    for group, is_partition in _groups(splits, rows.n_samples):
        tests = [_made(rows, split.test, make, "hold out") for split in group]
        if is_partition:
            total, trains = complements(tests)
            if any(not train.n_samples for train in trains):
                raise ValueError(_EMPTY.format("fit"))
        else:
            n_samples = rows.n_samples
            trains = [
                _made(rows, split.rows_of_train(n_samples), make, "fit")
                for split in group
            ]
        folds += map(Fold, trains, tests, group)
    return make(rows) if total is None else total, folds


_EMPTY = (
    "A split of cv has no rows of positive weight to {}: use fewer folds, or other "
    "weights."
)


def _made(rows, positions, make, purpose):
    part = rows.take(positions)
    if not part.n_positive:
        raise ValueError(_EMPTY.format(purpose))
    return make(part)


def _groups(splits, n_samples):
    """``(splits, whether their test rows are all rows once)``."""
    group, covered = [], np.zeros(n_samples, dtype=bool)
    for split in splits:
        overlaps = split.train is not None or covered[split.test].any()
        if overlaps and group:
            yield group, False
            group, covered = [], np.zeros(n_samples, dtype=bool)
        group.append(split)
        if split.train is not None:
            yield group, False
            group = []
            continue
        covered[split.test] = True
        if covered.all():
            yield group, len(group) > 1
            group, covered = [], np.zeros(n_samples, dtype=bool)
    if group:
        yield group, False


class FoldCurve:
    """Scores over alpha, from the statistics of folds.

    Parameters
    ----------
    folds : sequence of Fold
    scoring : object
        One of :data:`~sklearn_gml._likelihood.scorings.SCORINGS`.
    rows : Rows, optional
        All rows, for scorings that need them.
    apart : bool
        Whether targets are scored one by one.
    settings
        Of :class:`~sklearn_gml._likelihood.shrinkage.RidgePath`.

    Attributes
    ----------
    fit_seconds : ndarray of shape (k,)
    """

    def __init__(self, folds, scoring, rows=None, *, apart=False, **settings):
        self.folds, self.scoring, self.rows, self.apart = folds, scoring, rows, apart
        self.paths, seconds = [], []
        for fold in folds:
            start = perf_counter()
            self.paths.append(RidgePath(fold.train, **settings))
            seconds.append(perf_counter() - start)
        self.fit_seconds = np.array(seconds)

    def __call__(self, alphas: NDArray) -> Scores:
        """The :class:`Scores` of these alphas."""
        by_fold, seconds = [], []
        for fold, path in zip(self.folds, self.paths, strict=True):
            start = perf_counter()
            by_fold.append(self._scores(fold, path, alphas))
            seconds.append(perf_counter() - start)
        return Scores.of_folds(np.stack(by_fold, axis=1), np.array(seconds))

    def _scores(self, fold, path, alphas):
        """Scores (m, u) of a fold."""
        fits = path.at(alphas)
        if self.scoring.needs_rows:
            return self._scores_of_rows(self.rows.take(fold.split.test), path, fits)
        squares = path.heldout_squares(fold.test, fits)
        scores = self.scoring.of_fold(squares, fits, fold.test)
        return scores if self.apart else self.scoring.pool(scores, 1, keepdims=True)

    def _scores_of_rows(self, rows, path, fits):
        rows, moments = ScoredRows(rows), Moments()
        weights, variance = self.scoring.weights(rows), fits.predictive_variance
        flat, unknown = fits.alphas == 0, None
        if flat.any():
            unknown = path.unidentified(rows.rows)
        for part, block in rows.blocks(path.origin, fits.squares.size):
            residual, leverage = path.residual_and_leverage(block, fits)
            if unknown is not None:
                leverage[np.ix_(unknown[part], flat)] = np.nan
            scores = self.scoring.of_rows(
                residual * residual,
                variance,
                1.0 + leverage,
                fits.freedom,
                rows.scale[part, None, None],
            )
            if not self.apart:
                scores = self.scoring.pool(scores, 2, keepdims=True)
            moments.add(scores, weights[part])
        return moments.mean
