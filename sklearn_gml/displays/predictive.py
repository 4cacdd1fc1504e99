"""Predicted distributions as fans of intervals, beside what happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils import check_array

from .._distributions.parameters import batch_shape, check_probability
from .._distributions.predict_dist import predict_dist
from .._distributions.protocol import Distribution
from .plotting import BLUE, GREY, name_of, one_axes


class PredictiveDisplay:
    """Predicted distributions as a fan of intervals, with what happened.

    Along one feature, the others held at typical values, or for every row against its
    predicted median. Create with :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    x : ndarray of shape (m,)
        Where the distributions stand: a feature, or predicted medians.
    median : ndarray of shape (m,)
        Predicted medians.
    intervals : dict
        Level to a pair of arrays of shape (m,), lower and upper ends.
    points : pair of ndarray, or None
        Positions and outcomes of the rows.
    against_truth : bool, default=False
        Whether x is the predicted median.
    x_name, y_name : str, default="x" and "y"
        Labels, with units where they are known.

    Attributes
    ----------
    bands_ : list of matplotlib artists
        One a level, the widest first.
    median_, points_ : matplotlib artists
    ax_, figure_ : matplotlib axes and figure

    Examples
    --------
    Drawing needs matplotlib (see ``examples/plot_calibration.py`` for pictures)::

        display = PredictiveDisplay.from_estimator(model, X, y, feature="bmi")
        display.ax_.set_title("Progression of diabetes")
    """

    def __init__(
        self,
        x: NDArray,
        median: NDArray,
        intervals: dict[float, tuple[NDArray, NDArray]],
        points: tuple[NDArray, NDArray] | None = None,
        against_truth: bool = False,
        x_name: str = "x",
        y_name: str = "y",
    ):
        self.x = x
        self.median = median
        self.intervals = intervals
        self.points = points
        self.against_truth = against_truth
        self.x_name = x_name
        self.y_name = y_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike | None = None,
        *,
        feature: str | int | None = None,
        levels: Sequence[float] = (0.5, 0.8, 0.95),
        grid_resolution: int = 100,
        feature_name: str | None = None,
        target_name: str | None = None,
        ax: Any = None,
        kind: str | None = None,
    ) -> PredictiveDisplay:
        """Predict and draw.

        Parameters
        ----------
        estimator : fitted regressor
            Any that :func:`~sklearn_gml.predict_dist` takes; one target.
        X : dataframe, array or sparse matrix of shape (n, p)
            Rows, for the range of the feature and the typical values of the others.
        y : array-like of shape (n,), optional
            Outcomes, drawn as points. Needed without ``feature``.
        feature : str or int, optional
            Column along which to draw, of numbers; missing ones are left out. The
            other columns stay at their median, or their most frequent value if they
            are not numbers; the points are those of the rows as they are.
        levels : sequence of float, default=(0.5, 0.8, 0.95)
            Probabilities of the intervals.
        grid_resolution : int, default=100
            Points of the feature.
        feature_name, target_name : str, optional
            Labels, perhaps with units; by default the names of column and series.
        ax : matplotlib axes, optional
            Where to draw; by default on a new figure.
        kind : {"auto", "predictive", "plugin"}, optional
            Of :func:`~sklearn_gml.predict_dist`; by default the regressor decides.

        Returns
        -------
        PredictiveDisplay
            With what was computed and drawn.

        Raises
        ------
        ValueError
            For a level that is no probability, a feature that is not of numbers or
            does not exist, several targets, or no y where one is needed.
        """
        _check_levels(levels)
        target_name = target_name or name_of(y, "y")
        if feature is None:
            if y is None:
                raise ValueError("Without feature, y is needed to draw against.")
            return cls.from_predictions(
                y,
                predict_dist(estimator, X, kind=kind),
                levels=levels,
                target_name=target_name,
                ax=ax,
            )
        values = _column(X, feature)
        x = np.linspace(np.nanmin(values), np.nanmax(values), grid_resolution)
        distribution = predict_dist(estimator, _along(X, feature, x), kind=kind)
        points = None if y is None else (np.asarray(values), np.asarray(y))
        display = cls(
            x,
            *_summary(distribution, levels),
            points,
            x_name=feature_name
            or (feature if isinstance(feature, str) else f"feature {feature}"),
            y_name=target_name,
        )
        return display.plot(ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        distribution: Distribution,
        *,
        x: ArrayLike | None = None,
        levels: Sequence[float] = (0.5, 0.8, 0.95),
        feature_name: str = "x",
        target_name: str | None = None,
        ax: Any = None,
    ) -> PredictiveDisplay:
        """Draw distributions that were predicted elsewhere.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Outcomes.
        distribution : frozen distribution of shape (n,)
            From scipy or :func:`~sklearn_gml.predict_dist`.
        x : array-like of shape (n,), optional
            Where to draw them, in any order; by default at their medians.
        levels : sequence of float, default=(0.5, 0.8, 0.95)
            Probabilities of the intervals.
        feature_name : str, default="x"
            Label of x.
        target_name, ax
            As in :meth:`from_estimator`.

        Returns
        -------
        PredictiveDisplay
            With what was computed and drawn.
        """
        _check_levels(levels)
        y = check_array(y_true, ensure_2d=False, dtype=np.float64, input_name="y_true")
        median, intervals = _summary(distribution, levels, len(y))
        against_truth = x is None
        x = median if x is None else np.asarray(x, dtype=float)
        # Bands lead from row to row, and break at a missing x; it is left out.
        order = np.argsort(x)[: np.count_nonzero(~np.isnan(x))]
        intervals = {
            level: (low[order], high[order]) for level, (low, high) in intervals.items()
        }
        target_name = target_name or name_of(y_true, "y")
        display = cls(
            x[order],
            median[order],
            intervals,
            (x, y.ravel()),
            against_truth,
            f"predicted median of {target_name}" if against_truth else feature_name,
            target_name,
        )
        return display.plot(ax=ax)

    def plot(self, ax: Any = None) -> PredictiveDisplay:
        """Draw onto axes, or onto new ones.

        Parameters
        ----------
        ax : matplotlib axes, optional
            Where to draw; by default on a new figure.

        Returns
        -------
        PredictiveDisplay
            Itself.
        """
        _check_levels(self.intervals)
        with one_axes(ax) as ax:
            self.ax_, self.figure_ = ax, ax.figure
            self._draw(ax)
        return self

    def _draw(self, ax: Any) -> None:
        draw = ax.vlines if self.against_truth else ax.fill_between
        style = {"linewidth": 1.2} if self.against_truth else {"linewidth": 0}
        self.bands_ = [
            draw(
                self.x,
                *self.intervals[level],
                color=BLUE,
                alpha=0.15 + 0.35 * (1.0 - level),
                label=f"{100 * level:g} % interval",
                **style,
            )
            for level in sorted(self.intervals, reverse=True)
        ]
        (self.median_,) = ax.plot(self.x, self.median, color=BLUE, label="median")
        self.points_ = None
        if self.points is not None:
            (self.points_,) = ax.plot(
                *self.points, ".", color=GREY, markersize=3, label="observed"
            )
        ax.set(xlabel=self.x_name, ylabel=self.y_name)
        _legend_above(ax, ncols=3)


def _check_levels(levels: Any) -> None:
    if np.ndim(levels) == 0 and not isinstance(levels, dict):
        raise ValueError(f"levels must be a sequence of probabilities, got {levels!r}.")
    for level in levels:
        check_probability("levels", level)


def _legend_above(ax: Any, ncols: int) -> None:
    """Above the axes, where it covers nothing that is drawn."""
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=ncols)


def _summary(
    distribution: Distribution, levels: Any, n_rows: int | None = None
) -> tuple[NDArray, dict]:
    """Median and intervals, each of shape (n,)."""
    shape = batch_shape(distribution)
    if not shape and n_rows is not None:
        shape = (n_rows,)
    if len(shape) == 2 and shape[1] != 1:
        raise ValueError(
            f"A display shows one target, but there are distributions of shape {shape}."
        )

    def of_rows(values: Any) -> NDArray:
        return np.broadcast_to(np.ravel(values), shape[:1])

    intervals = {}
    for level in levels:
        low, high = distribution.interval(level)
        intervals[level] = of_rows(low), of_rows(high)
    return of_rows(distribution.median()), intervals


def _column(X: Any, feature: str | int) -> NDArray:
    """The values of a feature as numbers; NaN where they are missing."""
    named = hasattr(X, "columns")
    if isinstance(feature, str) and not named:
        raise ValueError(
            f"feature={feature!r} names a column, but X has no names: use its position."
        )
    names = list(X.columns) if named else list(range(np.shape(X)[1]))
    if isinstance(feature, str) and feature not in names:
        raise ValueError(f"feature={feature!r} is no column of X: it has {names}.")
    if not isinstance(feature, str) and not -len(names) <= feature < len(names):
        raise ValueError(f"feature={feature!r}, but X has {len(names)} columns.")
    column: Any
    if named:
        column = X[feature if isinstance(feature, str) else names[feature]]
    elif sparse.issparse(X):
        column = sparse.csc_array(X)[:, [feature]].toarray().ravel()
    else:
        column = np.asarray(X)[:, int(feature)]
    try:
        values = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"feature={feature!r} holds {np.asarray(column)[:1].tolist()[0]!r}, which "
            "is no number: PredictiveDisplay draws along a feature of numbers. Draw "
            "the rows against their predicted medians with feature=None, or along "
            "another feature."
        ) from error
    if not np.any(np.isfinite(values)):
        raise ValueError(f"feature={feature!r} is missing in every row.")
    return values


def _along(X: Any, feature: Any, values: NDArray) -> Any:
    """Rows of typical values of which one column takes the given values."""
    if sparse.issparse(X):
        columns = sparse.csc_array(X)
        typical = [_typical_of_sparse(columns[:, [j]]) for j in range(X.shape[1])]
        rows = np.tile(typical, (len(values), 1))
        rows[:, feature] = values
        return sparse.csr_array(rows)
    if not hasattr(X, "columns"):
        middle = np.nanmedian(np.asarray(X, dtype=float), axis=0)
        rows = np.tile(middle, (len(values), 1))
        rows[:, feature] = values
        return rows
    name = feature if isinstance(feature, str) else X.columns[feature]
    table = {
        column: values if column == name else [_typical(X[column])] * len(values)
        for column in X.columns
    }
    return type(X)(table)


def _typical_of_sparse(column: Any) -> float:
    """The median; zero where most are, without a dense column."""
    if 2 * column.nnz < column.shape[0]:
        return 0.0
    return float(np.median(column.toarray()))


def _typical(column: Any) -> Any:
    """The median that some row has, or the most frequent value."""
    values = np.asarray(column)
    if np.issubdtype(values.dtype, np.number):
        return np.nanquantile(values, 0.5, method="lower")
    found, counts = np.unique(values.astype(str), return_counts=True)
    return values[values.astype(str) == found[counts.argmax()]][0]
