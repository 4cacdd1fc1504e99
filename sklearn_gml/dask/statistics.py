"""Statistics of Dask collections, by folds too."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from .._data.statistics import GaussianStatistics
from .chunks import ChunkedRows


def fold_statistics(
    X: Any,
    y: Any,
    n_folds: int = 5,
    *,
    folds: Any = None,
    sample_weight: Any = None,
    noise_scale: Any = None,
) -> list[GaussianStatistics]:
    """Statistics of the folds of a cross-validation, in one pass over the rows.

    For :meth:`sklearn_gml.GaussianMLRegressorCV.fit_statistics`, which needs no more.

    Parameters
    ----------
    X : Dask array of shape (n, p) or Dask data frame
        Chunks of any size.
    y : Dask array of shape (n,) or (n, t), or Dask series or data frame
        Like X.
    n_folds : int, default=5
        Number of folds.
    folds : Dask array or series of int of shape (n,), optional
        The fold of each row, from 0 to ``n_folds - 1``; rows of other numbers are an
        error. By default every chunk is cut into ``n_folds`` parts of consecutive
        rows, so that each fold has a part of every chunk.
    sample_weight, noise_scale : Dask array or series of shape (n,), optional
        As in :meth:`DaskGaussianMLRegressor.fit`.

    Returns
    -------
    list of GaussianStatistics
        A fold may have no rows, which the fit refuses.

    Raises
    ------
    ValueError
        For fewer than two folds, and as :meth:`DaskGaussianMLRegressor.fit`.

    Examples
    --------
    >>> import dask.array as da
    >>> from sklearn_gml import GaussianMLRegressorCV
    >>> from sklearn_gml.dask import fold_statistics
    >>> X = da.random.default_rng(0).standard_normal((10_000, 3), chunks=1_000)
    >>> y = X @ [1.0, 3.0, 2.0] + da.random.default_rng(1).standard_normal(10_000)
    >>> model = GaussianMLRegressorCV().fit_statistics(fold_statistics(X, y, 5))
    >>> print(model.coef_.round(1), model.n_splits_)
    [1. 3. 2.] 5
    """
    if n_folds < 2:
        raise ValueError(f"n_folds={n_folds!r} must be two at least.")
    rows = ChunkedRows.of(
        X, y=y, folds=folds, sample_weight=sample_weight, noise_scale=noise_scale
    )
    total = rows.sum(_statistics_of_folds, columns=rows.columns, n_folds=n_folds)
    return list(total.compute())


def _statistics_of_folds(X, *, columns, n_folds, folds=None, **others):
    """Those of each fold of a chunk, as objects, which add up one by one."""
    n_samples = X.shape[0]
    if folds is None:
        edges = np.linspace(0, n_samples, n_folds + 1).astype(int)
        parts = [slice(*pair) for pair in pairwise(edges)]
    else:
        folds = np.asarray(folds)
        if not np.isin(folds, np.arange(n_folds)).all():
            raise ValueError(f"folds has numbers other than 0 to {n_folds - 1}.")
        parts = [np.flatnonzero(folds == fold) for fold in range(n_folds)]
    statistics = np.empty(n_folds, dtype=object)
    for fold, part in enumerate(parts):
        taken = {name: _rows(other, part) for name, other in others.items()}
        statistics[fold] = statistics_of_chunk(_rows(X, part), **taken, columns=columns)
    return statistics


def _rows(values, part):
    return values.iloc[part] if hasattr(values, "iloc") else values[part]


def statistics_of_chunk(X, y, sample_weight=None, noise_scale=None, *, columns):
    """Statistics of a chunk, which may have no rows."""
    found = X.shape[1] if isinstance(columns, int) else list(X.columns)
    if found != columns:
        raise ValueError(f"X has columns {found}, expected are {columns}.")
    if X.shape[0]:
        if sample_weight is None or np.any(sample_weight):
            return GaussianStatistics.from_data(X, y, sample_weight, noise_scale)
        # As anywhere else, rows that are left out have to be numbers.
        GaussianStatistics.from_data(X, y, None, noise_scale)
    names = None
    if not isinstance(columns, int) and all(isinstance(name, str) for name in columns):
        names = columns
    return GaussianStatistics.empty(
        X.shape[1], y.shape[1] if y.ndim == 2 else None, names
    )
