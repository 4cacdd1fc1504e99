"""Predicted distributions as fans of intervals, beside what happened."""

import numpy as np
from sklearn.utils import check_array

from .._distributions.predict_dist import predict_dist
from .._distributions.transformed import batch_shape
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
    intervals : dict
        Level to a pair of arrays of shape (m,), lower and upper ends.
    points : pair of ndarray, or None
        Positions and outcomes of the rows.
    against_truth : bool
        Whether x is the predicted median.
    x_name, y_name : str
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
        x,
        median,
        intervals,
        points=None,
        against_truth=False,
        x_name="x",
        y_name="y",
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
        estimator,
        X,
        y=None,
        *,
        feature=None,
        levels=(0.5, 0.8, 0.95),
        grid_resolution=100,
        feature_name=None,
        target_name=None,
        ax=None,
    ):
        """Predict and draw.

        Parameters
        ----------
        estimator : fitted regressor
            Any that :func:`~sklearn_gml.predict_dist` takes; one target.
        X : dataframe or array of shape (n, p)
        y : array-like of shape (n,), optional
            Outcomes, drawn as points. Needed without ``feature``.
        feature : str or int, optional
            Column along which to draw. The other columns stay at their median, or
            their most frequent value if they are not numbers; the points are those of
            the rows as they are.
        levels : sequence of float
            Probabilities of the intervals.
        grid_resolution : int
            Points of the feature.
        feature_name, target_name : str, optional
            Labels, perhaps with units; by default the names of column and series.
        ax : matplotlib axes, optional

        Returns
        -------
        PredictiveDisplay
        """
        target_name = target_name or name_of(y, "y")
        if feature is None:
            if y is None:
                raise ValueError("Without feature, y is needed to draw against.")
            return cls.from_predictions(
                y,
                predict_dist(estimator, X),
                levels=levels,
                target_name=target_name,
                ax=ax,
            )
        values = _column(X, feature)
        x = np.linspace(np.min(values), np.max(values), grid_resolution)
        distribution = predict_dist(estimator, _along(X, feature, x))
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
        y_true,
        distribution,
        *,
        x=None,
        levels=(0.5, 0.8, 0.95),
        feature_name="x",
        target_name=None,
        ax=None,
    ):
        """Draw distributions that were predicted elsewhere.

        Parameters
        ----------
        y_true : array-like of shape (n,)
        distribution : frozen distribution of shape (n,)
        x : array-like of shape (n,), optional
            Where to draw them, in any order; by default at their medians.
        levels, target_name, ax
            As in :meth:`from_estimator`.
        feature_name : str
            Label of x.

        Returns
        -------
        PredictiveDisplay
        """
        y = check_array(y_true, ensure_2d=False, dtype=np.float64, input_name="y_true")
        median, intervals = _summary(distribution, levels, len(y))
        against_truth = x is None
        x = median if against_truth else np.asarray(x, dtype=float)
        order = np.argsort(x)
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

    def plot(self, ax=None):
        """Draw onto axes, or onto new ones.

        Returns
        -------
        self
        """
        self.ax_ = one_axes(ax)
        self.figure_ = self.ax_.figure
        draw = self.ax_.vlines if self.against_truth else self.ax_.fill_between
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
        (self.median_,) = self.ax_.plot(self.x, self.median, color=BLUE, label="median")
        self.points_ = None
        if self.points is not None:
            (self.points_,) = self.ax_.plot(
                *self.points, ".", color=GREY, markersize=3, label="observed"
            )
        self.ax_.set(xlabel=self.x_name, ylabel=self.y_name)
        _legend_above(self.ax_, ncols=3)
        return self


def _legend_above(ax, ncols):
    """Above the axes, where it covers nothing that is drawn."""
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=ncols)


def _summary(distribution, levels, n_rows=None):
    """Median and intervals, each of shape (n,)."""
    shape = batch_shape(distribution) or (n_rows,)
    if len(shape) == 2 and shape[1] != 1:
        raise ValueError(
            f"A display shows one target, but there are distributions of shape {shape}."
        )

    def of_rows(values):
        return np.broadcast_to(np.ravel(values), shape[:1])

    intervals = {
        level: tuple(of_rows(end) for end in distribution.interval(level))
        for level in levels
    }
    return of_rows(distribution.median()), intervals


def _column(X, feature):
    if hasattr(X, "columns"):
        column = X[feature if isinstance(feature, str) else X.columns[feature]]
        return np.asarray(column, dtype=np.float64)
    if isinstance(feature, str):
        raise ValueError(
            f"feature={feature!r} names a column, but X has no names: use its position."
        )
    return np.asarray(X)[:, feature].astype(np.float64)


def _along(X, feature, values):
    """Rows of typical values of which one column takes the given values."""
    if not hasattr(X, "columns"):
        rows = np.tile(np.median(np.asarray(X, dtype=float), axis=0), (len(values), 1))
        rows[:, feature] = values
        return rows
    name = feature if isinstance(feature, str) else X.columns[feature]
    typical = {
        column: values if column == name else [_typical(X[column])] * len(values)
        for column in X.columns
    }
    return type(X)(typical)


def _typical(column):
    """The median that some row has, or the most frequent value."""
    values = np.asarray(column)
    if np.issubdtype(values.dtype, np.number):
        return np.quantile(values, 0.5, method="lower")
    found, counts = np.unique(values.astype(str), return_counts=True)
    return values[values.astype(str) == found[counts.argmax()]][0]
