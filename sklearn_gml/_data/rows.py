"""Rows of the training data, read in blocks that fit the cache.

Only this module depends on the storage format of X: C or Fortran order,
float64 or float32, sparse or dense, weighted or not. Everybody else sees
float64 blocks.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import assert_all_finite

# Elements of one block: 2**17 float64 are 1 MiB, half of the second-level
# cache of current processors, so that a block is still there when the second
# product reads it.
BLOCK_ELEMENTS = 2**17

# Rows that give a first idea of where the columns lie.
HEAD_ROWS = 256

# A buffer of fewer columns than this lies column by column: row by row, numpy would
# spend its time in starting loops.
NARROW = 32

# Share of entries above which a dense product over a sparse block, at the speed of
# BLAS, takes less time than one over its entries.
SPARSE_DENSITY = 0.04

# Rows of a block whose entries are multiplied with each other: enough to make the
# table of the products worth its size; sums over more would lose digits.
SPARSE_BLOCK_ROWS = 2**14

# Columns of sparse X beyond which no matrix of columns by columns is formed: at this
# number it has 128 MiB.
WIDE = 4096

# Weights between these leave sums of squares far from the ends of the range.
ORDINARY_WEIGHTS = (2.0**-60, 2.0**60)

# For work with a dozen arrays of the size of the block.
SMALL_BLOCK_ELEMENTS = 2**15

# Longer blocks of narrow rows gain nothing; shorter ones of wide rows make the
# symmetric product slower than one over all rows at once.
MIN_BLOCK_ROWS, MAX_BLOCK_ROWS = 1024, 4096


@dataclass(frozen=True, eq=False)
class Rows:
    """Training rows as they were given, validated but not copied.

    Attributes
    ----------
    X : ndarray or CSR array of shape (n, p)
    y : ndarray of shape (n, t), float64
    frequency : ndarray of shape (n,), float64, or None
    noise_scale : ndarray of shape (n,), float64, or None
        Standard deviation of the noise of each row, up to a common factor.
    watch : callable, optional
        ``watch(slices, count)`` passes the slices of each pass on to whom it may
        concern, see :mod:`sklearn_gml._estimator.callbacks`.
    """

    X: Any
    y: np.ndarray
    frequency: np.ndarray | None = None
    noise_scale: np.ndarray | None = None
    watch: Callable | None = None

    @classmethod
    def of(cls, X, y, sample_weight=None, noise_scale=None, watch=None):
        """Rows of validated data: CSC becomes CSR, a vector y becomes a column."""
        if sparse.issparse(X):
            X = X.tocsr()
        y = np.asarray(y, dtype=np.float64)
        return cls(X, y.reshape(len(y), -1), sample_weight, noise_scale, watch)

    def taken(self, mask):
        """The rows where the mask is true, copied unless they are all."""
        if mask.all():
            return self
        return Rows(
            self.X[mask],
            self.y[mask],
            None if self.frequency is None else self.frequency[mask],
            None if self.noise_scale is None else self.noise_scale[mask],
            self.watch,
        )

    @cached_property
    def weight(self):
        """Weights of the squared residuals, frequency / noise_scale^2, or None."""
        if self.noise_scale is None:
            return self.frequency
        precision = self.noise_scale**-2.0
        return precision if self.frequency is None else precision * self.frequency

    def take(self, rows):
        """Some of the rows: a slice of them is read in place, positions are copied."""
        frequency, scale = self.frequency, self.noise_scale
        return Rows(
            self.X[rows],
            self.y[rows],
            None if frequency is None else frequency[rows],
            None if scale is None else scale[rows],
            self.watch,
        )

    @property
    def sum_frequencies(self):
        """The effective number of rows."""
        return float(self.n_samples if self.frequency is None else self.frequency.sum())

    @property
    def n_positive(self):
        """Number of rows that count at all."""
        frequency = self.frequency
        return int(self.n_samples if frequency is None else np.count_nonzero(frequency))

    @property
    def log_scale(self):
        """Sum of the logarithms of the noise scales, by frequency."""
        if self.noise_scale is None:
            return 0.0
        logs = np.log(self.noise_scale)
        return float(logs.sum() if self.frequency is None else self.frequency @ logs)

    @property
    def n_samples(self):
        return self.X.shape[0]

    @property
    def n_features(self):
        return self.X.shape[1]

    @property
    def n_columns(self):
        """Columns of ``[X y]``."""
        return self.n_features + self.y.shape[1]

    @property
    def block_rows(self):
        rows = BLOCK_ELEMENTS // max(1, self.n_features)
        return min(max(rows, MIN_BLOCK_ROWS), MAX_BLOCK_ROWS)

    def slices(self, size):
        starts = range(0, self.n_samples, size)
        slices = (slice(start, start + size) for start in starts)
        return slices if self.watch is None else self.watch(slices, len(starts))

    def blocks_apart(self, origin):
        """``(sqrt(w) (X - origin), sqrt(w) [1, y - origin])``, block by block.

        X is a view where BLAS can read the rows as they lie, sparse where products
        of its entries are cheaper, else one reused buffer.
        """
        p, in_place = self.n_features, self.readable_in_place(origin)
        over_entries = in_place and sparse.issparse(self.X)
        size = SPARSE_BLOCK_ROWS if over_entries else self.block_rows
        size = min(size, self.n_samples)
        buffer = None if in_place else np.empty((size, p))
        shift = origin[:p] if origin[:p].any() else None
        # Column by column, which products of few columns read faster.
        sides = np.empty((1 + self.y.shape[1], size)).T
        for X, y, sqrt_weight in self._taken(size):
            side = sides[: len(y)]
            side[:, 0] = 1.0
            np.subtract(y, origin[p:], out=side[:, 1:])
            if sqrt_weight is not None:
                side *= sqrt_weight[:, None]
            if not in_place:
                shift_and_scale(_dense(X), shift, sqrt_weight, buffer[: len(y)])
                X = buffer[: len(y)]
            elif over_entries:
                X = X.astype(np.float64, copy=False)
                X = (
                    X
                    if sqrt_weight is None
                    else X.multiply(sqrt_weight[:, None]).tocsr()
                )
            yield X, side

    @property
    def is_wide_and_sparse(self):
        """Whether a matrix of columns by columns would be the costly thing."""
        return sparse.issparse(self.X) and self.n_features > WIDE

    @property
    def is_sparse(self):
        """Whether products over the entries are cheaper than over all places."""
        if not sparse.issparse(self.X):
            return False
        return self.X.nnz < SPARSE_DENSITY * self.n_samples * self.n_features

    def readable_in_place(self, origin):
        """Whether sums of products are best made where X lies, or of its entries."""
        if origin[: self.n_features].any():
            return False
        if sparse.issparse(self.X):
            return self.is_sparse
        contiguous = self.X.flags.c_contiguous or self.X.flags.f_contiguous
        return self.weight is None and self.X.dtype == np.float64 and contiguous

    def weighted_blocks(self, origin, size=None):
        """Blocks of ``sqrt(w) [1, X - origin, y - origin]`` in one reused buffer."""
        p = self.n_features
        size, width = min(size or self.block_rows, self.n_samples), 1 + self.n_columns
        buffer = np.empty((width, size)).T if p < NARROW else np.empty((size, width))
        shift = origin[:p] if origin[:p].any() else None
        for X, y, sqrt_weight in self._taken(size):
            block = buffer[: len(y)]
            block[:, 0] = 1.0 if sqrt_weight is None else sqrt_weight
            shift_and_scale(_dense(X), shift, sqrt_weight, block[:, 1 : 1 + p])
            shift_and_scale(y, origin[p:], sqrt_weight, block[:, 1 + p :])
            yield block

    def exact_blocks(self):
        """``([1, X, y], w or None)`` in small blocks, the values as they are."""
        p = self.n_features
        size = max(SMALL_BLOCK_ELEMENTS // (1 + self.n_columns), 64)
        buffer = np.empty((min(size, self.n_samples), 1 + self.n_columns))
        buffer[:, 0] = 1.0
        for rows in self.counted(size):
            y = self.y[rows]
            block = buffer[: len(y)]
            block[:, 1 : 1 + p] = _dense(self.X[rows])
            block[:, 1 + p :] = y
            yield block, None if self.weight is None else self.weight[rows, None]

    def _taken(self, size):
        """``(X, y, sqrt(w) or None)`` in blocks of :meth:`counted` rows."""
        for rows in self.counted(size):
            sqrt_weight = None if self.weight is None else np.sqrt(self.weight[rows])
            yield self.X[rows], self.y[rows], sqrt_weight

    @property
    def positive(self):
        """The rows of positive weight: themselves if all are."""
        if self.frequency is None or self.frequency.all():
            return self
        kept = self.frequency > 0
        scale = None if self.noise_scale is None else self.noise_scale[kept]
        return replace(
            self,
            X=self.X[kept],
            y=self.y[kept],
            frequency=self.frequency[kept],
            noise_scale=scale,
        )

    def per_unit_of_weight(self):
        """``(rows, unit)``, the frequencies divided by their unit, a power of four.

        Of ordinary frequencies it is one; sums of others would overflow or vanish.
        """
        largest = 1.0 if self.frequency is None else float(self.frequency.max())
        if ORDINARY_WEIGHTS[0] < largest < ORDINARY_WEIGHTS[1]:
            return self, 1.0
        unit = 4.0 ** round(math.log2(largest) / 2.0)
        return replace(self, frequency=self.frequency / unit), unit

    def counted(self, size):
        """Rows block by block: slices, or positions where some have weight zero.

        Times zero is not the same: such rows may hold fill values, NaN among them.
        """
        for rows in self.slices(size):
            kept = None if self.frequency is None else self.frequency[rows] > 0
            if kept is None or kept.all():
                yield rows
                continue
            if kept.any():
                yield rows.start + np.flatnonzero(kept)

    def head_and_all(self):
        """All rows; before them a few, if a pass over all in vain would cost."""
        size = HEAD_ROWS
        if self.n_samples > MAX_BLOCK_ROWS:
            head = slice(size)
            weight = None if self.weight is None else self.weight[head]
            # A head without weight has no centre of its own.
            if weight is None or weight.any():
                yield Rows(self.X[head], self.y[head], weight)
        yield self

    def centre(self):
        """Means of the columns of ``[X y]``."""
        rows = self.positive
        weight = np.ones(rows.n_samples) if rows.weight is None else rows.weight
        return np.append(weight @ rows.X, weight @ rows.y) / weight.sum()

    def check_finite(self):
        """Raise scikit-learn's error if X has missing or infinite values."""
        assert_all_finite(self.positive.X, input_name="X")


def _dense(X):
    return X.toarray() if sparse.issparse(X) else X


def shift_and_scale(X, origin, root_weight, block):
    """``block[...] = root_weight * (X - origin)``, in as few passes as it takes."""
    if root_weight is not None:
        root_weight = root_weight[:, None]
    if abs(block.strides[0]) < abs(block.strides[1]):
        # numpy's inner loop runs along the last axis, where it is given a choice.
        X, block = X.T, block.T
        origin = None if origin is None else origin[:, None]
        root_weight = None if root_weight is None else root_weight.T
    if origin is not None:
        X = np.subtract(X, origin, out=block)
    if root_weight is not None:
        np.multiply(X, root_weight, out=block)
    elif origin is None:
        block[...] = X
