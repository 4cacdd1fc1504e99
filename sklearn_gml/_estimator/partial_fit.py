"""Fitting rows that come in batches: a sum of statistics that goes on."""

from __future__ import annotations

from dataclasses import dataclass
from operator import add
from typing import Any, Self

from numpy.typing import ArrayLike
from sklearn.base import _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.metaestimators import available_if

from .._data.pairwise import PartialSum, with_part
from .._data.rows import WIDE, Rows
from .._data.statistics import GaussianStatistics, statistics_of_rows
from .._data.validation import validate_batch, validate_training_data
from .._inference.fit import FitSettings
from ..exceptions import PrecisionWarning
from .diagnostics import announce
from .fitting import expose, fit_constant, name_targets, unchanged_on_error


@dataclass(frozen=True)
class RunningTotal:
    """A sum of statistics, at any time and at the same cost for every batch.

    Batches are added in pairs (:func:`~sklearn_gml._data.pairwise.with_part`). Each
    partial sum keeps the total up to it, so that the total of all is one addition away.
    That makes two additions to a batch on average.

    Attributes
    ----------
    sums : tuple of PartialSum
        Statistics of ``2**rounds`` batches each, the longest first.
    totals : tuple of GaussianStatistics
        Of all batches up to each partial sum.
    """

    sums: tuple[PartialSum, ...] = ()
    totals: tuple[GaussianStatistics, ...] = ()

    @property
    def total(self) -> Any:
        """Statistics of all batches, None before the first."""
        return self.totals[-1] if self.totals else None

    def plus(self, part: GaussianStatistics) -> RunningTotal:
        """The running total with one more batch, this one untouched."""
        sums = with_part(self.sums, part, add)
        before, last = self.totals[: len(sums) - 1], sums[-1].value
        total = before[-1] + last if before else last
        return RunningTotal(sums, (*before, total))


def _has_constant_noise(estimator: Any) -> bool:
    noise = estimator.noise
    if noise != "constant":
        raise AttributeError(
            f"partial_fit needs noise='constant', got noise={noise!r}: no statistics "
            "of fixed size say all of rows whose noise varies. Use fit, or "
            "sklearn_gml.dask.DaskGaussianMLRegressor for more rows than memory."
        )
    for name in ("censoring", "truncation"):
        value = getattr(estimator, name)
        if value is not None:
            raise AttributeError(
                f"partial_fit needs {name}=None, got {name}={value!r}: no statistics "
                "of fixed size say all of rows whose y is known in part. Use fit."
            )
    return True


class PartialFitMixin:
    """``partial_fit`` of an estimator that fits statistics."""

    @available_if(_has_constant_noise)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        noise_scale: ArrayLike | None = None,
    ) -> Self:
        """Fit these rows together with all rows seen so far.

        After any sequence of batches the fitted attributes are those of ``fit`` on all
        rows at once. A batch may be a single row, and its cost does not depend on
        what came before. A model that was fitted with :meth:`fit` or
        :meth:`fit_statistics` goes on from there.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features of the batch.
        y : array-like of shape (n,) or (n, t)
            Targets of the batch.
        sample_weight : array-like of shape (n,), optional
            Frequencies of the rows.
        noise_scale : array-like of shape (n,), optional
            What is known of the noise of each row.

        Returns
        -------
        self
            Fitted to all rows so far.

        Raises
        ------
        AttributeError
            If the noise is not constant.
        ValueError
            For invalid data, weights or parameters, other columns than before, and
            sparse X with more than 4096 columns. The estimator is then left as it was.

        Notes
        -----
        Too few rows and collinear columns, of which ``fit`` warns, are no news in the
        first batches and may be gone with the next: ``partial_fit`` does not warn of
        them. Once all rows are there, ``model.fit_statistics(model.statistics_)``
        does, and ``rank_`` says it at any time.

        Rows seen before cannot be read again for the last digits: the coefficients
        keep sixteen digits less those of the condition number of ``[1 X]``, columns
        scaled to one length, where ``fit`` restores them.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gml import GaussianMLRegressor
        >>> rng = np.random.default_rng(0)
        >>> model = GaussianMLRegressor()
        >>> for _ in range(100):
        ...     X = rng.standard_normal((1000, 2))
        ...     y = 1.0 + X @ [2.0, 3.0] + 0.5 * rng.standard_normal(1000)
        ...     model = model.partial_fit(X, y)
        >>> model.statistics_.n_samples
        100000
        >>> print(model.coef_.round(2), round(model.sigma_, 2))
        [2. 3.] 0.5
        """
        with unchanged_on_error(self):
            running = self._running_total()
            reset = running.total is None
            validate = validate_training_data if reset else validate_batch
            data = validate(
                X, y, sample_weight, noise_scale, estimator=self, reset=reset
            )
            if data.sample_weight is not None and not data.sample_weight.any():
                n_targets = None if data.y.ndim == 1 else data.y.shape[1]
                no_rows = GaussianStatistics.empty(
                    data.X.shape[1], n_targets, data.feature_names
                )
                running.total.check_same_columns(no_rows)
                return self
            rows = Rows.of(data.X, data.y, data.sample_weight, data.noise_scale)
            settings = FitSettings.of(self).of_columns(X)
            if rows.is_wide_and_sparse:
                raise ValueError(
                    "partial_fit keeps a triangle of columns by columns, which is not "
                    f"formed for sparse X with {rows.n_features} columns, more than "
                    f"{WIDE}: use fit, fewer columns or dense X."
                )
            part = statistics_of_rows(rows, data.y.ndim == 1, data.feature_names)
            running = running.plus(part)
            fit = fit_constant(running.total, settings)
            expose(self, fit)
            name_targets(self, data.target_names)
            announce(fit, (ConvergenceWarning, PrecisionWarning))
            self._running = running
        return self

    def _running_total(self) -> RunningTotal:
        """Of the rows that the estimator is fitted to."""
        if not hasattr(self, "coef_"):
            return RunningTotal()
        statistics = getattr(self, "statistics_", None)
        if statistics is None:
            raise ValueError(
                "The model was fitted without statistics_ to add to: "
                "clone it to begin anew."
            )
        running = getattr(self, "_running", None)
        # That of an earlier sequence of batches, if something else was fitted since.
        if running is None or running.total is not statistics:
            return RunningTotal().plus(statistics)
        return running
