"""Whether predicted distributions come true."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from .._distributions.predict_dist import recorded_dist
from .._distributions.protocol import Distribution
from ..metrics.scores import pit_values
from .plotting import (
    CHANCE,
    GREY,
    drawable,
    first_free_color,
    short_lines,
    two_axes,
)

LEVELS = np.linspace(0.0, 1.0, 201)  # of the intervals whose coverage is drawn


class CalibrationDisplay:
    """Whether predicted probabilities come true.

    Left a histogram of the probability integral transform, flat if the distributions
    are right; right the share of outcomes inside the central intervals against their
    level, on the diagonal if they are. Grey is what chance allows at each place, with
    probability 0.95, for as many independent rows.

    Create with :meth:`from_estimator` or :meth:`from_predictions`; several models go
    into one picture by ``display.plot(ax=first.axes_)``.

    Parameters
    ----------
    pit : ndarray of shape (n,)
        Predicted probability of less than what happened; of several targets all.
    name : str, optional
        Of the model, for the legend.

    Attributes
    ----------
    histogram_, coverage_ : matplotlib artists
    chance_ : list of matplotlib artists
        The two bands.
    axes_, figure_ : pair of matplotlib axes, figure
    """

    def __init__(self, pit: NDArray, name: str | None = None):
        self.pit = pit
        self.name = name
        self.axes_: NDArray
        self.chance_: list[Any]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        name: str | None = None,
        ax: Any = None,
        n_bins: int = 10,
        kind: str | None = None,
    ) -> CalibrationDisplay:
        """Predict and draw.

        Parameters
        ----------
        estimator : fitted regressor
            Any that :func:`~sklearn_gml.predict_dist` takes.
        X : array-like of shape (n, p)
            Rows that the model has not seen tell more.
        y : array-like of shape (n,) or (n, t)
            As it is recorded: at limits of ``censoring`` the predicted probability of
            less is random within its jump, as :func:`~sklearn_gml.metrics.pit_values`
            says, and the same in each call.
        name : str, optional
            Of the model; by default that of its class.
        ax : pair of matplotlib axes, optional
            Where to draw; by default on a new figure.
        n_bins : int, default=10
            Bins of the histogram.
        kind : {"auto", "predictive", "plugin"}, optional
            Of :func:`~sklearn_gml.predict_dist`; by default the regressor decides.

        Returns
        -------
        CalibrationDisplay
            With what was computed and drawn.
        """
        return cls.from_predictions(
            y,
            recorded_dist(estimator, X, kind=kind),
            name=name or type(estimator).__name__,
            ax=ax,
            n_bins=n_bins,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        distribution: Distribution,
        *,
        name: str | None = None,
        ax: Any = None,
        n_bins: int = 10,
    ) -> CalibrationDisplay:
        """Draw from distributions that were predicted elsewhere.

        Parameters
        ----------
        y_true : array-like of shape (n,) or (n, t)
            Outcomes.
        distribution : frozen distribution
            From scipy or :func:`~sklearn_gml.predict_dist`.
        name, ax, n_bins
            As in :meth:`from_estimator`.

        Returns
        -------
        CalibrationDisplay
            With what was computed and drawn.
        """
        display = cls(np.ravel(pit_values(y_true, distribution)), name)
        return display.plot(ax=ax, n_bins=n_bins)

    def plot(
        self,
        ax: Any = None,
        *,
        n_bins: int = 10,
        color: Any = None,
        linestyle: str = "-",
    ) -> CalibrationDisplay:
        """Draw onto a pair of axes, or onto new ones.

        Parameters
        ----------
        ax : pair of matplotlib axes, optional
            Where to draw; by default on a new figure.
        n_bins : int, default=10
            Bins of the histogram.
        color : matplotlib color, optional
            By default the first that no model on these axes has.
        linestyle : str, default="-"
            Of matplotlib.

        Returns
        -------
        CalibrationDisplay
            Itself.
        """
        if not (isinstance(n_bins, Integral) and n_bins >= 1):
            raise ValueError(
                f"n_bins must be an integer of at least 1, got {n_bins!r}."
            )
        pit = np.asarray(self.pit)
        pit = pit[drawable(pit, "the predicted probability")]
        with two_axes(ax) as (histogram, coverage):
            self.axes_ = np.array([histogram, coverage])
            self.figure_ = histogram.figure
            drawn = len(histogram.patches)
            first = not coverage.has_data()
            if color is None:
                taken = [patch.get_edgecolor() for patch in histogram.patches]
                color = first_free_color(taken, drawn)
            style = {"color": color, "linestyle": linestyle}
            self._draw_histogram(histogram, pit, n_bins, style)
            self._draw_coverage(coverage, pit, style)
            self.chance_ = []
            if first:
                self._draw_chance(len(pit), n_bins)
            # Beside long names only the space below the diagonal is left.
            coverage.legend(
                frameon=False, loc="upper left", fontsize="small", handlelength=1.2
            )
        return self

    def _draw_histogram(self, ax: Any, pit: NDArray, n_bins: int, style: dict) -> None:
        heights, edges = np.histogram(pit, n_bins, (0.0, 1.0), density=True)
        label = short_lines(self.name)
        self.histogram_ = ax.stairs(heights, edges, label=label, linewidth=2, **style)
        ax.set(xlabel="predicted probability of less", ylabel="density", xlim=(0, 1))
        ax.set_ylim(0, max(2.0, 1.1 * heights.max(), ax.get_ylim()[1]))

    def _draw_coverage(self, ax: Any, pit: NDArray, style: dict) -> None:
        inside = np.sort(np.abs(2.0 * pit - 1.0))
        shares = np.searchsorted(inside, LEVELS, side="right") / len(pit)
        label = short_lines(self.name)
        (self.coverage_,) = ax.plot(LEVELS, shares, label=label, **style)
        ax.set(
            xlabel="level of the interval",
            ylabel="share of outcomes inside",
            xlim=(0, 1),
            ylim=(0, 1),
        )

    def _draw_chance(self, n: int, n_bins: int) -> None:
        histogram, coverage = self.axes_
        low, high = stats.binom.interval(CHANCE, n, 1.0 / n_bins)
        band = histogram.axhspan(
            low * n_bins / n, high * n_bins / n, color="0.88", zorder=0
        )
        inner = LEVELS[1:-1]
        low, high = stats.binom.interval(CHANCE, n, inner)
        curve = coverage.fill_between(
            inner, low / n, high / n, color="0.88", zorder=0, label="chance"
        )
        self.chance_ = [band, curve]
        coverage.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
