"""Residuals of predicted distributions against what they should look like."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from .._distributions.predict_dist import predict_dist
from .._distributions.protocol import Distribution
from ..metrics.scores import pit_values
from .plotting import BLUE, CHANCE, GREY, VERMILION, drawable, name_of, two_axes


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
        Standardised residuals. Those that are not finite are not drawn: infinite ones,
        of outcomes outside the support, count among the quantiles; NaN, of rows of
        which nothing is known, do not.
    median : ndarray of shape (n,)
        Predicted medians.
    target_name : str, default="y"
        Label of the target.

    Attributes
    ----------
    quantiles_, envelope_, line_ : matplotlib artists of the left half
    spread_, trend_, expected_ : matplotlib artists of the right half
    axes_, figure_ : pair of matplotlib axes, figure
    """

    def __init__(self, residuals: NDArray, median: NDArray, target_name: str = "y"):
        self.residuals = residuals
        self.median = median
        self.target_name = target_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        target_name: str | None = None,
        ax: Any = None,
        kind: str | None = None,
    ) -> ResidualsDisplay:
        """Predict and draw.

        Parameters
        ----------
        estimator : fitted regressor
            Any that :func:`~sklearn_gml.predict_dist` takes; one target.
        X : array-like of shape (n, p)
            What ``estimator.predict`` takes.
        y : array-like of shape (n,)
            Outcomes.
        target_name : str, optional
            Label, perhaps with a unit; by default the name of the series.
        ax : pair of matplotlib axes, optional
            Where to draw; by default on a new figure.
        kind : {"auto", "predictive", "plugin"}, optional
            Of :func:`~sklearn_gml.predict_dist`; by default the regressor decides.

        Returns
        -------
        ResidualsDisplay
            With what was computed and drawn.
        """
        distribution = predict_dist(estimator, X, kind=kind)
        return cls.from_predictions(y, distribution, target_name=target_name, ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        distribution: Distribution,
        *,
        target_name: str | None = None,
        ax: Any = None,
    ) -> ResidualsDisplay:
        """Draw from distributions that were predicted elsewhere.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Outcomes.
        distribution : frozen distribution
            From scipy or :func:`~sklearn_gml.predict_dist`.
        target_name, ax
            As in :meth:`from_estimator`.

        Returns
        -------
        ResidualsDisplay
            With what was computed and drawn.

        Warns
        -----
        UserWarning
            If residuals are not finite; it counts them and names the rows.
        """
        shape = np.shape(pit_values(y_true, distribution))
        if np.prod(shape) != shape[0]:
            raise ValueError(
                f"A display shows one target, but y_true has shape {shape}."
            )
        y = np.reshape(np.asarray(y_true, dtype=np.float64), shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            below, above = distribution.logcdf(y), distribution.logsf(y)
            # From the nearer side, and in logarithms: a probability next to 1 has no
            # digits left, and that of an outlier underflows.
            residuals = np.where(
                below < above, special.ndtri_exp(below), -special.ndtri_exp(above)
            )
        median = np.broadcast_to(np.ravel(distribution.median()), shape[:1])
        target_name = target_name or name_of(y_true, "y")
        return cls(residuals.ravel(), median, target_name).plot(ax=ax)

    def plot(self, ax: Any = None) -> ResidualsDisplay:
        """Draw onto a pair of axes, or onto new ones.

        Parameters
        ----------
        ax : pair of matplotlib axes, optional
            Where to draw; by default on a new figure.

        Returns
        -------
        ResidualsDisplay
            Itself.
        """
        shown = drawable(self.residuals, "the residual") & np.isfinite(self.median)
        with two_axes(ax) as (left, right):
            self.axes_ = np.array([left, right])
            self.figure_ = left.figure
            self._draw_quantiles(left)
            self._draw_spread(right, self.residuals[shown], self.median[shown])
        return self

    def _draw_quantiles(self, ax: Any) -> None:
        # Outcomes outside the support lie further out than all others.
        residuals = np.sort(self.residuals[~np.isnan(self.residuals)])
        n = len(residuals)
        rank = np.arange(1, n + 1)
        theory = stats.norm.ppf((rank - 0.5) / n)
        # The i-th of n uniform values is Beta(i, n + 1 - i).
        low, high = stats.norm.ppf(stats.beta(rank, n + 1 - rank).interval(CHANCE))
        self.envelope_ = ax.fill_between(
            theory, low, high, color="0.88", linewidth=0, label="chance"
        )
        ends = theory[[0, -1]]
        (self.line_,) = ax.plot(ends, ends, color=GREY, linewidth=0.8, linestyle=":")
        (self.quantiles_,) = ax.plot(theory, residuals, ".", color=BLUE, markersize=4)
        ax.set(xlabel="normal quantile", ylabel="standardised residual")
        ax.legend(frameon=False, loc="upper left")

    def _draw_spread(self, ax: Any, residuals: NDArray, median: NDArray) -> None:
        size = np.sqrt(np.abs(residuals))
        (self.spread_,) = ax.plot(median, size, ".", color=GREY, markersize=3)
        centre, mean = _running_mean(median, size)
        (self.trend_,) = ax.plot(centre, mean, color=BLUE, label="running mean")
        # The mean of sqrt|z| for a standard normal z: 2^(1/4) Gamma(3/4) / sqrt(pi).
        self.expected_ = ax.axhline(
            0.8221789586624585, color=VERMILION, linestyle="--", label="if right"
        )
        ax.set(
            xlabel=f"predicted median of {self.target_name}",
            ylabel="square root of |residual|",
        )
        ax.set_ylim(0, 1.3 * max(size.max(), 1.0))
        ax.locator_params(axis="x", nbins=4)  # long numbers in half a picture
        ax.legend(frameon=False, loc="upper left", ncols=2, fontsize="small")


def _running_mean(x: NDArray, values: NDArray) -> tuple[NDArray, NDArray]:
    """Means over a fifth of the rows at a time, in the order of x."""
    order = np.argsort(x)
    width = max(len(x) // 5, 1)
    window = np.ones(width) / width
    centre, mean = (np.convolve(a[order], window, mode="valid") for a in (x, values))
    return centre, mean
