"""Residuals of predicted distributions against what they should look like."""

import numpy as np
from scipy import stats

from .._distributions.predict_dist import predict_dist
from ..metrics.scores import pit_values
from .plotting import BLUE, CHANCE, GREY, VERMILION, name_of, two_axes


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
    median : ndarray of shape (n,)
        Predicted medians.
    target_name : str

    Attributes
    ----------
    quantiles_, envelope_, line_ : matplotlib artists of the left half
    spread_, trend_, expected_ : matplotlib artists of the right half
    axes_, figure_ : pair of matplotlib axes, figure
    """

    def __init__(self, residuals, median, target_name="y"):
        self.residuals = residuals
        self.median = median
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
        (self.spread_,) = right.plot(self.median, size, ".", color=GREY, markersize=3)
        centre, mean = _running_mean(self.median, size)
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
