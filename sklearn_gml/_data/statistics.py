"""Sufficient statistics of a Gaussian linear model: one triangular factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import sparray

from .._linalg.triangular import triangle
from .reduction import reduce_rows
from .rows import Rows
from .serialization import from_plain, to_plain
from .validation import as_shape, selected_positions, validate_training_data

LOG_2PI = np.log(2.0 * np.pi)


@dataclass(frozen=True, eq=False)
class GaussianStatistics:
    """Everything that a fit with constant noise needs of its rows.

    For any mean ``mu = b0 + X b`` and any sigma, the log-likelihood of weighted
    rows depends on them only through the triangular factor R of
    ``sqrt(w) [1, X, y]``, since

        sum_i w_i (y_i - b0 - x_i'b)^2 = | R [b0; b; -1] |^2

    (rows of a known ``noise_scale`` are divided by it).

    R has at most (1 + p + t)^2 numbers, whatever the number of rows, and the
    factor of two sets of rows together is the factor of their stacked factors:
    statistics can be made anywhere and added up. A factor is kept rather than
    ``[1 X y]' W [1 X y]`` because the product squares the condition number.

    To spare digits when means are large compared with the spread, the factor
    is one of ``sqrt(w) [1, X - origin, y - origin]``.

    Create with :meth:`from_data` and combine with ``+`` or ``sum()``;
    :meth:`empty` is the neutral element.

    Parameters
    ----------
    factor : ndarray of shape (k, 1 + p + t), k <= 1 + p + t
        Upper trapezoidal, about ``origin``, with non-negative diagonal.
    origin : ndarray of shape (p + t,)
        What was subtracted from the columns of ``[X y]``.
    sum_weights : float
        The effective number of rows, sum(w).
    n_samples : int
        Rows with positive weight.
    n_features : int
        Columns of X.
    vector_target : bool
        Whether y was one-dimensional.
    feature_names : tuple of str, or None
        Names of the columns of X, if all of them are strings.
    log_scale : float
        ``sum(w log(noise_scale))``, zero without noise scales.

    Notes
    -----
    There is no ``-``. What is left when most rows are taken away is a difference of
    large and nearly equal numbers: of sixteen digits it keeps sixteen less those of
    the ratio, and if the rows taken away lie far out, none. Folds are made by adding
    instead: keep the statistics of each part, and add up all parts but one.

    Statistics have a few kilobytes, pickle, and pass through JSON without the loss of
    a bit (:meth:`to_dict`), so that any engine can carry them. With joblib, where
    ``load(name)`` returns X and y::

        from joblib import Parallel, delayed

        make = delayed(GaussianStatistics.from_data)
        parts = Parallel(n_jobs=4)(make(*load(name)) for name in names)
        model = GaussianMLRegressor().fit_statistics(sum(parts))

    A Dask bag adds them up as a tree (:mod:`sklearn_gml.dask` does it for arrays)::

        import dask.bag, operator

        parts = dask.bag.from_sequence(names).map(load).starmap(
            GaussianStatistics.from_data
        )
        model = GaussianMLRegressor().fit_statistics(parts.fold(operator.add).compute())

    Spark makes them where its partitions lie, and collects nothing else::

        def summarise(batches):
            for frame in (batch.to_pandas() for batch in batches):
                part = GaussianStatistics.from_data(frame[features], frame["y"])
                text = json.dumps(part.to_dict())
                yield pyarrow.RecordBatch.from_pydict({"part": [text]})

        rows = data.mapInArrow(summarise, "part string").collect()
        total = sum(GaussianStatistics.from_dict(json.loads(row.part)) for row in rows)

    Parties who may not share rows write one file each, and whoever has the files fits
    the model of all rows. A part needs many more rows than columns, because statistics
    of few rows can be solved for the rows::

        own = GaussianStatistics.from_data(X, y)
        Path("clinic_a.json").write_text(json.dumps(own.to_dict()))
        # elsewhere, in the folder of all files
        parts = [json.loads(path.read_text()) for path in Path().glob("*.json")]
        total = sum(GaussianStatistics.from_dict(part) for part in parts)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gml import GaussianStatistics
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 2.0, 4.0])
    >>> first = GaussianStatistics.from_data(X[:1], y[:1])
    >>> rest = GaussianStatistics.from_data(X[1:], y[1:])
    >>> both = first + rest
    >>> both.n_samples
    3
    >>> round(both.loglik(coef=[1.5], intercept=0.5, sigma=1.0), 6)
    -3.006816
    """

    factor: NDArray[np.float64]
    origin: NDArray[np.float64]
    sum_weights: float
    n_samples: int
    n_features: int
    vector_target: bool
    feature_names: tuple[str, ...] | None = None
    log_scale: float = 0.0

    @classmethod
    def from_data(
        cls,
        X: ArrayLike | sparray,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        noise_scale: ArrayLike | None = None,
    ) -> GaussianStatistics:
        """Statistics of the rows ``(X, y)``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            The columns, without one of ones.
        y : array-like of shape (n,) or (n, t)
            One target or several.
        sample_weight : array-like of shape (n,), optional
            Frequencies: weight 2 is the row twice, weight 0 the row left out.
        noise_scale : array-like of shape (n,), optional
            What is known of the noise of each row: its standard deviation is
            ``noise_scale * sigma``.

        Returns
        -------
        GaussianStatistics

        Raises
        ------
        ValueError
            For missing or infinite values, wrong lengths, negative weights or
            weights that are all zero.
        """
        data = validate_training_data(X, y, sample_weight, noise_scale)
        return statistics_of_rows(
            Rows.of(data.X, data.y, data.sample_weight, data.noise_scale),
            vector_target=data.y.ndim == 1,
            feature_names=data.feature_names,
        )

    @classmethod
    def empty(
        cls,
        n_features: int,
        n_targets: int | None = None,
        feature_names: Sequence[str] | None = None,
    ) -> GaussianStatistics:
        """The statistics of no rows: whatever they are added to stays as it is.

        Parameters
        ----------
        n_features : int
            Columns of X.
        n_targets : int, optional
            Columns of a two-dimensional y; None stands for a one-dimensional one.
        feature_names : sequence of str, optional
            Names of the columns of X, which those of other statistics must equal.

        Returns
        -------
        GaussianStatistics
            To start a sum from. It cannot be fitted.
        """
        width = n_features + (1 if n_targets is None else n_targets)
        names = None if feature_names is None else tuple(feature_names)
        factor, origin = np.empty((0, 1 + width)), np.zeros(width)
        return cls(factor, origin, 0.0, 0, n_features, n_targets is None, names)

    def to_dict(self) -> dict[str, Any]:
        """All of it as a dictionary of plain lists, numbers and strings.

        Returns
        -------
        dict
            For ``json.dumps`` and the like. The shortest decimal numbers that read
            back as the same floats make the round trip exact.

        Examples
        --------
        >>> import json
        >>> from sklearn_gml import GaussianStatistics
        >>> part = GaussianStatistics.from_data([[0.1], [0.2], [0.4]], [1.0, 2.0, 4.0])
        >>> again = GaussianStatistics.from_dict(json.loads(json.dumps(part.to_dict())))
        >>> bool((again.factor == part.factor).all())
        True
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return to_plain(values)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GaussianStatistics:
        """The statistics that :meth:`to_dict` wrote.

        Parameters
        ----------
        values : dict
            As it was written, or as it was read again from JSON.

        Returns
        -------
        GaussianStatistics

        Raises
        ------
        ValueError
            If the dictionary is not one of statistics, of another version, or its
            entries are missing, unknown or do not fit each other.
        """
        return cls(**from_plain(values, {field.name for field in fields(cls)}))

    @property
    def n_targets(self) -> int:
        """Columns of y."""
        return len(self.origin) - self.n_features

    @property
    def mean(self) -> NDArray[np.float64]:
        """Weighted means of the columns of ``[X y]``, shape (p + t,)."""
        return self.origin + self.factor[0, 1:] / self.factor[0, 0]

    def __add__(self, other: GaussianStatistics) -> GaussianStatistics:
        """The statistics of the rows of both."""
        if not isinstance(other, GaussianStatistics):
            return NotImplemented
        self.check_same_columns(other)
        if not (self.n_samples and other.n_samples):
            return self if self.n_samples else other
        # The heavier part knows better where the rows lie.
        heavier = self if self.sum_weights >= other.sum_weights else other
        origin = heavier.origin
        return GaussianStatistics(
            triangle(np.vstack([self.about(origin), other.about(origin)])),
            origin,
            self.sum_weights + other.sum_weights,
            self.n_samples + other.n_samples,
            self.n_features,
            self.vector_target,
            self.feature_names,
            self.log_scale + other.log_scale,
        )

    def __radd__(self, other: int) -> GaussianStatistics:
        """``sum()`` starts from 0, the statistics of no rows."""
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def check_same_columns(self, other: GaussianStatistics) -> None:
        for what, mine, theirs in (
            ("features", self.n_features, other.n_features),
            ("targets", self.n_targets, other.n_targets),
            ("dimensions of y", 2 - self.vector_target, 2 - other.vector_target),
            ("feature names", self.feature_names, other.feature_names),
        ):
            if mine != theirs:
                raise ValueError(
                    f"Statistics of different {what} cannot be added: "
                    f"{mine} on the left, {theirs} on the right."
                )

    def about(self, origin: NDArray[np.float64]) -> NDArray[np.float64]:
        """The factor about another origin.

        Parameters
        ----------
        origin : ndarray of shape (p + t,)
            What is to be subtracted from the columns of ``[X y]``.

        Returns
        -------
        ndarray of shape (k, 1 + p + t)
            Its cross-products are those of a triangular factor, which it is not yet.
        """
        # The first column of the factor is (sqrt(sum w), 0, ..., 0)', so that a
        # move of the origin touches the first row only.
        moved = self.factor.copy()
        moved[0, 1:] += moved[0, 0] * (self.origin - origin)
        return moved

    def select(self, columns: str | int | slice | ArrayLike) -> GaussianStatistics:
        """The statistics of the same rows with fewer columns of X.

        The rows are not needed: columns of the factor are left out and the rest is
        made triangular again, O(p^3) operations.

        Parameters
        ----------
        columns : str, int, slice or array-like of str, int or bool
            Names (of ``feature_names``), positions, a slice of positions or a mask,
            in the order wanted; an empty list leaves the intercept.

        Returns
        -------
        GaussianStatistics
            Those that :meth:`from_data` makes of these columns.

        Raises
        ------
        ValueError
            If there is no such column, or one is selected twice.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gml import GaussianMLRegressor, GaussianStatistics
        >>> rng = np.random.default_rng(0)
        >>> X = rng.standard_normal((100, 3))
        >>> y = 1.0 + X[:, 2] + rng.standard_normal(100)
        >>> fewer = GaussianStatistics.from_data(X, y).select([2, 0])
        >>> print(GaussianMLRegressor().fit_statistics(fewer).coef_.round(2))
        [ 0.83 -0.02]
        """
        positions = selected_positions(columns, self.n_features, self.feature_names)
        names = self.feature_names
        return self._of_columns(
            np.append(positions, np.arange(self.n_features, len(self.origin))),
            n_features=len(positions),
            feature_names=names and tuple(names[position] for position in positions),
        )

    def of_target(self, target: int) -> GaussianStatistics:
        """The statistics of a single target, as if y were one-dimensional.

        Parameters
        ----------
        target : int
            Its position.

        Returns
        -------
        GaussianStatistics
            With the same features.
        """
        kept = np.append(np.arange(self.n_features), self.n_features + target)
        return self._of_columns(kept, vector_target=True)

    def _of_columns(self, kept: NDArray[np.intp], **changes: Any) -> GaussianStatistics:
        factor = triangle(self.factor[:, np.append(0, 1 + kept)])
        return replace(self, factor=factor, origin=self.origin[kept], **changes)

    def loglik(self, coef: ArrayLike, intercept: ArrayLike, sigma: ArrayLike) -> float:
        """Log-likelihood of the rows under any parameters.

        Parameters
        ----------
        coef : array-like of shape (p,) or (t, p)
            Coefficients of the mean.
        intercept : float or array-like of shape (t,)
            The mean where all columns are zero.
        sigma : float or array-like of shape (t,)
            Standard deviation of the noise.

        Returns
        -------
        float
            ``-sum(w)/2 log(2 pi sigma^2) - RSS / (2 sigma^2) - log_scale``, summed
            over the targets, in nats.

        Raises
        ------
        ValueError
            If a shape does not fit, or sigma is not positive.
        """
        sigma = as_shape("sigma", sigma, (self.n_targets,))
        if not np.all(sigma > 0):
            raise ValueError(f"sigma must be positive, got {sigma}.")
        squares = self.residual_squares(coef, intercept)
        values = gaussian_loglik(squares, sigma, self.sum_weights) - self.log_scale
        return float(values.sum())

    def residual_squares(
        self, coef: ArrayLike, intercept: ArrayLike
    ) -> NDArray[np.float64]:
        """Weighted sums of squared residuals, each divided by its noise scale.

        Parameters
        ----------
        coef, intercept : array-like
            As in :meth:`loglik`.

        Returns
        -------
        ndarray of shape (t,)
            One for each target.
        """
        shape = (self.n_targets, self.n_features)
        coef = as_shape("coef", coef, shape)
        intercept = as_shape("intercept", intercept, shape[:1])
        origin_x, origin_y = np.split(self.origin, [self.n_features])
        at_origin = intercept + coef @ origin_x - origin_y
        parameters = np.vstack([at_origin, coef.T])
        split = 1 + self.n_features
        residual = self.factor[:, split:] - self.factor[:, :split] @ parameters
        return np.sum(residual**2, axis=0)


def gaussian_loglik(
    squares: NDArray[np.float64], sigma: NDArray[np.float64], sum_weights: float
) -> NDArray[np.float64]:
    """Log-likelihood (t,) of residuals with these weighted sums of squares (t,)."""
    return -sum_weights * (0.5 * LOG_2PI + np.log(sigma)) - 0.5 * squares / sigma**2


def statistics_of_rows(
    rows: Rows,
    vector_target: bool = True,
    feature_names: tuple[str, ...] | None = None,
) -> GaussianStatistics:
    """Statistics of validated :class:`~sklearn_gml._data.rows.Rows`."""
    origin, factor = reduce_rows(rows)
    return GaussianStatistics(
        factor,
        origin,
        rows.sum_frequencies,
        rows.n_positive,
        rows.n_features,
        vector_target,
        feature_names,
        rows.log_scale,
    )
