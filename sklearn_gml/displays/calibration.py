"""Whether predicted distributions come true."""

import numpy as np
from scipy import stats

from .._distributions.predict_dist import predict_dist
from ..metrics.scores import pit_values
from .plotting import BLUE, CHANCE, GREY, two_axes


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

    def __init__(self, pit, name=None):
        self.pit = pit
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, X, y, *, name=None, ax=None, n_bins=10):
        """Predict and draw.

        Parameters
        ----------
        estimator : fitted regressor
            Any that :func:`~sklearn_gml.predict_dist` takes.
        X : array-like of shape (n, p)
            Rows that the model has not seen tell more.
        y : array-like of shape (n,) or (n, t)
        name : str, optional
            Of the model; by default that of its class.
        ax : pair of matplotlib axes, optional
        n_bins : int
            Of the histogram.

        Returns
        -------
        CalibrationDisplay
        """
        return cls.from_predictions(
            y,
            predict_dist(estimator, X),
            name=name or type(estimator).__name__,
            ax=ax,
            n_bins=n_bins,
        )

    @classmethod
    def from_predictions(cls, y_true, distribution, *, name=None, ax=None, n_bins=10):
        """Draw from distributions that were predicted elsewhere.

        Parameters
        ----------
        y_true : array-like of shape (n,) or (n, t)
        distribution : frozen distribution
        name, ax, n_bins
            As in :meth:`from_estimator`.

        Returns
        -------
        CalibrationDisplay
        """
        display = cls(np.ravel(pit_values(y_true, distribution)), name)
        return display.plot(ax=ax, n_bins=n_bins)

    def plot(self, ax=None, *, n_bins=10, color=BLUE, linestyle="-"):
        """Draw onto a pair of axes, or onto new ones.

        Returns
        -------
        self
        """
        self.axes_ = histogram, coverage = two_axes(ax)
        first = not coverage.has_data()
        self.figure_ = histogram.figure
        n = len(self.pit)
        levels = np.linspace(0.0, 1.0, 201)
        inside = np.sort(np.abs(2.0 * self.pit - 1.0))
        shares = np.searchsorted(inside, levels, side="right") / n
        heights, edges = np.histogram(self.pit, n_bins, (0.0, 1.0), density=True)
        self.histogram_ = histogram.stairs(
            heights,
            edges,
            color=color,
            linestyle=linestyle,
            label=self.name,
            linewidth=2,
        )
        (self.coverage_,) = coverage.plot(
            levels, shares, color=color, linestyle=linestyle, label=self.name
        )
        self.chance_ = []
        if first:
            low, high = stats.binom.interval(CHANCE, n, 1.0 / n_bins)
            band = histogram.axhspan(
                low * n_bins / n, high * n_bins / n, color="0.88", zorder=0
            )
            low, high = stats.binom.interval(CHANCE, n, levels[1:-1])
            curve = coverage.fill_between(
                levels[1:-1], low / n, high / n, color="0.88", zorder=0, label="chance"
            )
            self.chance_ = [band, curve]
            coverage.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
        histogram.set(
            xlabel="predicted probability of less", ylabel="density", xlim=(0, 1)
        )
        histogram.set_ylim(0, max(2.0, 1.1 * heights.max(), histogram.get_ylim()[1]))
        coverage.set(
            xlabel="level of the interval",
            ylabel="share of outcomes inside",
            xlim=(0, 1),
            ylim=(0, 1),
        )
        coverage.legend(frameon=False, loc="upper left")
        return self
