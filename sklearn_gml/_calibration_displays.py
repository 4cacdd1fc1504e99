"""Whether predicted distributions come true: calibration and residuals."""

import numpy as np
from scipy import stats

from ._compose import predict_dist
from ._plotting import BLUE, GREY, VERMILION, name_of, two_axes
from ._scores import pit_values

CHANCE = 0.95  # what the bands of chance hold, at each place


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


class ResidualsDisplay:
    """Standardised residuals, for any distribution.

    A residual is the normal quantile of the predicted probability of less than what
    happened, ``norm.ppf(cdf(y))``: for a normal prediction (y - mean) / sigma, and
    standard normal for any right prediction (quantile residuals, Dunn and Smyth 1996).
    Left their quantiles against those of the normal, with the envelope that holds each
    with probability 0.95; right the square root of their size against the predicted
    median, flat if sigma follows.

    Parameters
    ----------
    residuals : ndarray of shape (n,)
    level : ndarray of shape (n,)
        Predicted medians.
    target_name : str

    Attributes
    ----------
    quantiles_, envelope_, line_ : matplotlib artists of the left half
    spread_, trend_, expected_ : matplotlib artists of the right half
    axes_, figure_ : pair of matplotlib axes, figure
    """

    def __init__(self, residuals, level, target_name="y"):
        self.residuals = residuals
        self.level = level
        self.target_name = target_name

    @classmethod
    def from_estimator(cls, estimator, X, y, *, target_name=None, ax=None):
        """Predict and draw.

        Parameters
        ----------
        estimator : fitted regressor
            Any that :func:`~sklearn_gml.predict_dist` takes; one target.
        X : array-like of shape (n, p)
        y : array-like of shape (n,)
        target_name : str, optional
            Label, perhaps with a unit; by default the name of the series.
        ax : pair of matplotlib axes, optional

        Returns
        -------
        ResidualsDisplay
        """
        distribution = predict_dist(estimator, X)
        return cls.from_predictions(y, distribution, target_name=target_name, ax=ax)

    @classmethod
    def from_predictions(cls, y_true, distribution, *, target_name=None, ax=None):
        """Draw from distributions that were predicted elsewhere.

        Parameters
        ----------
        y_true : array-like of shape (n,)
        distribution : frozen distribution
        target_name, ax
            As in :meth:`from_estimator`.

        Returns
        -------
        ResidualsDisplay
        """
        below = pit_values(y_true, distribution)
        if below.size != len(below):
            raise ValueError(
                f"A display shows one target, but y_true has shape {below.shape}."
            )
        median = np.broadcast_to(np.ravel(distribution.median()), below.size)
        above = distribution.sf(np.reshape(np.asarray(y_true, float), below.shape))
        # From the nearer side: a probability next to 1 has no digits left.
        residuals = np.where(below < 0.5, stats.norm.ppf(below), stats.norm.isf(above))
        target_name = target_name or name_of(y_true, "y")
        return cls(residuals.ravel(), median, target_name).plot(ax=ax)

    def plot(self, ax=None):
        """Draw onto a pair of axes, or onto new ones.

        Returns
        -------
        self
        """
        self.axes_ = left, right = two_axes(ax)
        self.figure_ = left.figure
        n = len(self.residuals)
        rank = np.arange(1, n + 1)
        theory = stats.norm.ppf((rank - 0.5) / n)
        # The i-th of n uniform values is Beta(i, n + 1 - i).
        low, high = stats.norm.ppf(stats.beta(rank, n + 1 - rank).interval(CHANCE))
        self.envelope_ = left.fill_between(
            theory, low, high, color="0.88", linewidth=0, label="chance"
        )
        ends = theory[[0, -1]]
        (self.line_,) = left.plot(ends, ends, color=GREY, linewidth=0.8, linestyle=":")
        (self.quantiles_,) = left.plot(
            theory, np.sort(self.residuals), ".", color=BLUE, markersize=4
        )
        left.set(xlabel="normal quantile", ylabel="standardised residual")
        left.legend(frameon=False, loc="upper left")

        size = np.sqrt(np.abs(self.residuals))
        (self.spread_,) = right.plot(self.level, size, ".", color=GREY, markersize=3)
        centre, mean = _running_mean(self.level, size)
        (self.trend_,) = right.plot(centre, mean, color=BLUE, label="running mean")
        # The mean of sqrt|z| for a standard normal z: 2^(1/4) Gamma(3/4) / sqrt(pi).
        self.expected_ = right.axhline(
            0.8221789586624585, color=VERMILION, linestyle="--", label="if right"
        )
        right.set(
            xlabel=f"predicted median of {self.target_name}",
            ylabel="square root of |residual|",
        )
        right.set_ylim(0, 1.3 * size.max())
        right.locator_params(axis="x", nbins=4)  # long numbers in half a picture
        right.legend(frameon=False, loc="upper left", ncols=2, fontsize="small")
        return self


def _running_mean(x, values):
    """Means over a fifth of the rows at a time, in the order of x."""
    order = np.argsort(x)
    width = max(len(x) // 5, 1)
    window = np.ones(width) / width
    return tuple(np.convolve(a[order], window, mode="valid") for a in (x, values))
