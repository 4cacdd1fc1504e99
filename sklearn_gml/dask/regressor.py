"""The estimator of Dask collections."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import replace
from typing import Any, Self, SupportsIndex

import dask
import dask.array
import numpy as np
from scipy import sparse
from sklearn.base import _fit_context
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from .._data.predictors import noise_positions
from .._data.row_sums import RowSums
from .._data.rows import Rows
from .._data.statistics import GaussianStatistics
from .._data.validation import without_uncounted
from .._estimator.diagnostics import announce
from .._estimator.documentation import with_parameters_of
from .._estimator.fitting import (
    check_combinations,
    expose,
    fit_constant,
    log_linear_objectives,
    maximum,
    unchanged_on_error,
)
from .._estimator.regressor import GaussianMLRegressor
from .._inference.fit import FitSettings
from .._likelihood.log_linear import LogLinearObjective
from .censoring import fit_chunks_known_in_part
from .chunks import ChunkedRows, Collection, nbytes_of_chunk
from .distribution import ChunkedDistribution
from .statistics import statistics_of_chunk


@with_parameters_of(GaussianMLRegressor)
class DaskGaussianMLRegressor(GaussianMLRegressor):
    """:class:`~sklearn_gml.GaussianMLRegressor` of rows that no one machine can hold.

    ``fit`` takes Dask arrays and data frames with any chunks of rows, of unknown size
    and empty ones as well, and gives the fit of all rows. It uses Dask's scheduler as
    it is set: threads of this process by default, a cluster when a
    ``dask.distributed.Client`` is there. Predictions of Dask collections are lazy,
    those of arrays are arrays.

    Once fitted, it holds no reference to Dask: pickled, it becomes the plain
    :class:`~sklearn_gml.GaussianMLRegressor` that :meth:`to_plain` returns, to be used
    where there is no Dask.

    Notes
    -----
    A chunk of X is read by the same task as its y and its weights, and only its
    statistics leave the worker. Dask moves rows where the user's own collections ask
    for it: where X and y have different chunks, or chunks that others overlap, and
    where rows that were persisted lie on different workers, or on a busy one beside an
    idle one (``distributed.scheduler.work-stealing``).

    Log-linear noise needs about ten sums over the rows. They are held between the sums,
    and forgotten after the fit, if they take no more than a third of the free memory:
    of the workers, which must have a ``memory_limit``, or of this machine where there
    is no client. Otherwise they are read again for every sum. What they take is known
    of arrays, so that these are read once; that of data frames and of chunks of unknown
    size is found while they are read a first time. A chunk is held by the worker that
    read it, and one that Dask hands to another worker is read again there. Rows made of
    nothing but collections that a cluster holds are not held a second time.

    A failed fit, be it for a bad chunk, a client that lost its cluster or a worker that
    died too often, leaves the estimator as it was. ``score`` collects predictions and y
    of all rows; ``score_loglik`` does not.

    The digits are those of merged statistics: sixteen less those of the condition
    number of the columns, scaled to one length.

    Examples
    --------
    >>> import dask.array as da
    >>> from sklearn_gml.dask import DaskGaussianMLRegressor
    >>> X = da.random.default_rng(0).standard_normal((100_000, 2), chunks=10_000)
    >>> noise = da.random.default_rng(1).standard_normal(100_000, chunks=10_000)
    >>> y = 1.0 + X @ [2.0, 3.0] + 0.5 * noise
    >>> model = DaskGaussianMLRegressor().fit(X, y)
    >>> print(model.coef_.round(2), round(model.sigma_, 2))
    [2. 3.] 0.5
    >>> model.predict(X)
    dask.array<..., shape=(100000,), dtype=float64, chunksize=(10000,), ...>
    >>> low, high = model.predict_dist(X).interval(0.9)
    >>> print(((low < y) & (y < high)).mean().compute().round(2))
    0.9
    """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Collection,
        y: Collection,
        sample_weight: Collection | None = None,
        noise_scale: Collection | None = None,
        y_lower: Collection | None = None,
        y_upper: Collection | None = None,
    ) -> DaskGaussianMLRegressor:
        """Maximise the likelihood of the rows.

        Parameters
        ----------
        X : Dask array of shape (n, p) or Dask data frame
            Features, in chunks of rows.
        y : Dask array of shape (n,) or (n, t), or Dask series or data frame
            Like X.
        sample_weight : Dask array or series of shape (n,), optional
            Frequencies of the rows.
        noise_scale : Dask array or series of shape (n,), optional
            What is known of the noise of each row.
        y_lower, y_upper : Dask array of shape (n,) or (n, t), or series, optional
            Limits between which y is known to lie.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        TypeError
            If X, y or the weights are no Dask collections.
        ValueError
            For what ``fit`` of arrays refuses, with the number of the chunk; for
            collections that do not have the same rows. The estimator is then left as
            it was.
        """
        rows = ChunkedRows.of(
            X, y=y, sample_weight=sample_weight, noise_scale=noise_scale
        )
        given = (y_lower, y_upper, self.censoring, self.truncation)
        if any(one is not None for one in given):
            return self._fit_known_in_part(rows, y_lower, y_upper)
        if self.noise == "log-linear":
            return self._fit_log_linear(rows)
        check_combinations(FitSettings.of(self))
        total = rows.sum(statistics_of_chunk, columns=rows.columns)
        return self.fit_statistics(total.compute())

    def _fit_known_in_part(
        self, rows: ChunkedRows, y_lower: Any, y_upper: Any
    ) -> DaskGaussianMLRegressor:
        settings = FitSettings.of(self).of_columns(rows.no_rows)
        positions = None
        if self.noise == "log-linear":
            positions = noise_positions(self.noise_columns, rows.no_rows)
        limited = ChunkedRows.of(
            rows.X, **rows.others, y_lower=y_lower, y_upper=y_upper
        )
        with unchanged_on_error(self):
            fit = fit_chunks_known_in_part(limited, settings, positions)
            if fit is None and positions is not None:
                return self._fit_log_linear(rows)
            if fit is None:
                total = rows.sum(statistics_of_chunk, columns=rows.columns)
                fit = fit_constant(total.compute(), settings)
            expose(self, fit)
            announce(fit)
        return self

    def _fit_log_linear(self, rows: ChunkedRows) -> DaskGaussianMLRegressor:
        settings = FitSettings.of(self).of_columns(rows.no_rows)
        positions = noise_positions(self.noise_columns, rows.no_rows)
        check_combinations(settings, positions)
        with unchanged_on_error(self), ExitStack() as held:
            if len(positions):
                rows = held.enter_context(rows.held(rows.nbytes))
            total = rows.sum(_statistics_and_nbytes, columns=rows.columns)
            statistics, nbytes = total.compute()
            if not statistics.n_samples:
                raise ValueError("The collections are those of no rows.")
            if len(positions):
                rows = held.enter_context(rows.held(nbytes))
                counted = statistics
                if "noise_scale" in rows.others:
                    # The columns are centred by frequency.
                    total = rows.sum(_unscaled_statistics, columns=rows.columns)
                    counted = total.compute()
                fit = maximum(
                    log_linear_objectives(
                        rows,
                        counted,
                        statistics,
                        positions,
                        settings,
                        _ChunkedObjective,
                    ),
                    settings,
                    statistics=statistics,
                    rows=rows,
                    positions=positions,
                    vector_target=statistics.vector_target,
                    feature_names=statistics.feature_names,
                )
            else:
                fit = fit_constant(statistics, settings, positions=positions)
            expose(self, fit)
            announce(fit)
        return self

    def to_plain(self) -> GaussianMLRegressor:
        """The same fitted model without Dask.

        Returns
        -------
        GaussianMLRegressor
            With the same parameters and attributes.
        """
        plain = GaussianMLRegressor.__new__(GaussianMLRegressor)
        plain.__dict__.update(vars(self))
        return plain

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        if hasattr(self, "coef_"):
            return GaussianMLRegressor, (), self.__getstate__()
        return super().__reduce_ex__(protocol)

    def __copy__(self) -> Self:
        copied = type(self).__new__(type(self))
        copied.__dict__.update(vars(self))
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copied = memo[id(self)] = type(self).__new__(type(self))
        copied.__dict__.update(deepcopy(vars(self), memo))
        return copied

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R^2 of the predictions, computed at once.

        Parameters
        ----------
        X, y, sample_weight
            Dask collections as in :meth:`fit`, or array-likes.

        Returns
        -------
        float
            As of any regressor: the mean over the targets.
        """
        if not dask.is_dask_collection(X):
            return super().score(X, y, sample_weight)
        prediction, y, weight = dask.compute(self.predict(X), y, sample_weight)
        weight, prediction, y = without_uncounted(weight, prediction, y)
        return r2_score(y, prediction, sample_weight=weight)

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """The mean of y at X, lazily if X is a Dask collection.

        Parameters
        ----------
        X : Dask array or data frame, or array-like of shape (n, p)
            Features, columns as in ``fit``.
        return_std : bool, default=False
            Whether to return the standard deviation of y at X as well.

        Returns
        -------
        mean, std : Dask array or ndarray of shape (n,) or (n, t)
            The standard deviation only with ``return_std=True``.
        """
        if not dask.is_dask_collection(X):
            return super().predict(X, return_std)
        distribution = self.predict_dist(X)
        mean = distribution.mean()
        return (mean, distribution.std()) if return_std else mean

    def predict_dist(self, X: Any, **options: Any) -> Any:
        """The distribution of y at X.

        Parameters
        ----------
        X : Dask array or data frame, or array-like of shape (n, p)
            Features, columns as in ``fit``.
        **options
            Those of :meth:`sklearn_gml.GaussianMLRegressor.predict_dist`; what has an
            entry for each row, like X.

        Returns
        -------
        ChunkedDistribution
            Lazy; for anything else than a Dask collection, that of ``scipy.stats``.
        """
        if not dask.is_dask_collection(X):
            return super().predict_dist(X, **options)
        check_is_fitted(self)
        return ChunkedDistribution(self.to_plain(), X, options)

    def loglik_samples(
        self,
        X: Any,
        y: Any,
        *,
        noise_scale: Any = None,
        y_lower: Any = None,
        y_upper: Any = None,
    ) -> Any:
        """Log-density of each row, lazily if X is a Dask collection.

        Parameters
        ----------
        X, y, noise_scale, y_lower, y_upper
            Dask collections as in :meth:`fit`, or array-likes.

        Returns
        -------
        Dask array or ndarray of shape (n,)
            ``log p(y_i | x_i)`` in nats, summed over the targets.
        """
        others = {"noise_scale": noise_scale, "y_lower": y_lower, "y_upper": y_upper}
        if not dask.is_dask_collection(X):
            return super().loglik_samples(X, y, **others)
        check_is_fitted(self)
        rows = ChunkedRows.of(X, y=y, **others)
        return rows.map(_loglik_samples, np.empty(0), model=self.to_plain())

    def score_loglik(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        noise_scale: Any = None,
        y_lower: Any = None,
        y_upper: Any = None,
        normalize: bool = False,
    ) -> Any:
        """Log-likelihood of rows, lazily if X is a Dask collection.

        Parameters
        ----------
        X, y, sample_weight, noise_scale, y_lower, y_upper
            Dask collections as in :meth:`fit`, or array-likes.
        normalize : bool, default=False
            Whether to divide by ``sum(sample_weight)``.

        Returns
        -------
        Dask array of shape () or float
            ``float()`` of the array computes it.
        """
        others = {"noise_scale": noise_scale, "y_lower": y_lower, "y_upper": y_upper}
        if not dask.is_dask_collection(X):
            return super().score_loglik(
                X, y, sample_weight, **others, normalize=normalize
            )
        check_is_fitted(self)
        rows = ChunkedRows.of(X, y=y, sample_weight=sample_weight, **others)
        sums = rows.sum(_loglik_and_weight, model=self.to_plain())
        sums = dask.array.from_delayed(sums, (2,), dtype=np.float64)
        return sums[0] / sums[1] if normalize else sums[0]


class _ChunkedRowSums(RowSums):
    """Sums that are made chunk by chunk: one pass over the rows for each."""

    def _total(self, function: Callable) -> Any:
        rows: Any = self.rows  # in chunks
        return rows.sum(
            _part_of_total,
            function=function,
            target=self.target,
            origin=self.origin,
            mean=self.mean,
            noise=self.noise,
            link=self.link,
        ).compute()


class _ChunkedObjective(LogLinearObjective):
    """The same likelihood, its sums made where the chunks are."""

    row_sums = _ChunkedRowSums


def _statistics_and_nbytes(X: Any, *, columns: Any, **others: Any) -> Any:
    """Statistics of a chunk, and the bytes that it has in memory."""
    statistics = statistics_of_chunk(X, **others, columns=columns)
    # As objects, they add up one by one.
    return np.array([statistics, nbytes_of_chunk(X, **others)], dtype=object)


def _unscaled_statistics(
    X: Any, y: Any, sample_weight: Any = None, noise_scale: Any = None, *, columns: Any
) -> GaussianStatistics:
    """Statistics of a chunk without its noise scales, but for their logarithms."""
    statistics = statistics_of_chunk(X, y, sample_weight, columns=columns)
    if noise_scale is None:
        return statistics
    scaled = statistics_of_chunk(X, y, sample_weight, noise_scale, columns=columns)
    return replace(statistics, log_scale=scaled.log_scale)


def _part_of_total(
    X: Any,
    y: Any,
    sample_weight: Any = None,
    noise_scale: Any = None,
    *,
    function: Callable,
    **predictors: Any,
) -> Any:
    """What a chunk adds to a sum of :class:`~sklearn_gml._row_sums.RowSums`."""
    if not X.shape[0]:
        return 0
    others = (
        None if values is None else np.asarray(values, dtype=np.float64)
        for values in (sample_weight, noise_scale)
    )
    if not sparse.issparse(X):
        X = np.asarray(X, dtype=np.float64)
    parts = RowSums(Rows.of(X, y, *others), **predictors)._total(function)
    # Rows of weight zero have no sums; the others, as objects, add up one by one.
    return 0 if parts is None else np.fromiter(parts, dtype=object)


def _loglik_samples(
    X: Any, y: Any, *, model: GaussianMLRegressor, **others: Any
) -> np.ndarray:
    others = {name: np.asarray(values) for name, values in others.items()}
    return model.loglik_samples(X, np.asarray(y), **others)


def _loglik_and_weight(
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    model: GaussianMLRegressor,
    **others: Any,
) -> np.ndarray:
    if not X.shape[0]:
        return np.zeros(2)
    density = _loglik_samples(X, y, **others, model=model)
    weight = np.ones(len(density)) if sample_weight is None else sample_weight
    if np.min(weight) < 0:
        raise ValueError("Negative values in data passed to `sample_weight`.")
    return np.array([weight @ density, np.sum(weight)])
