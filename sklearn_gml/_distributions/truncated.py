"""A distribution within an interval, exact in both tails and at both ends."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .parameters import batch_shape
from .standard import LOG_HALF, Floats, Other, log1mexp, standardised
from .transformations import Point

# Gauss and Legendre's rule on (0, 1): over an interval in which the density changes by
# a factor of e or less its error is below rounding.
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
NODES, LOG_WEIGHTS = (NODES + 1.0) / 2.0, np.log(WEIGHTS / 2.0)
NEWTON_STEPS = 5  # of a nearly linear equation: the error is squared in each


class Truncated:
    """The distribution of z given lower < z < upper, in scipy's method names.

    The methods take and return a :class:`Point`. Probabilities are integrals of the
    density over a short way from an end, and differences of tail probabilities over a
    long one, always of the tail in which they are small.

    Parameters
    ----------
    base : distribution
        Frozen, of shape (n,) or (n, t).
    lower, upper : float or ndarray of shape (t,)
        Infinite for an end that the line does not have.

    Warns
    -----
    UserWarning
        If some distributions have no mass in the interval: these are NaN.

    Raises
    ------
    ValueError
        If none has.
    """

    def __init__(self, base: Any, lower: Any, upper: Any):
        self.base, self.lower, self.upper = base, lower, upper
        self.shape = batch_shape(base)
        known: tuple[Any, Any, Any] = standardised(base) or (Other(base), 0.0, 1.0)
        self.family, self.loc, self.scale = known
        with np.errstate(invalid="ignore"):
            self.low = (np.asarray(lower) - self.loc) / self.scale
            self.high = (np.asarray(upper) - self.loc) / self.scale
            width = (np.asarray(upper) - np.asarray(lower)) / self.scale
        self.log_mass = self._log_between(self.low, self.high, width, self.low, 1.0)
        empty = self.log_mass == -np.inf
        if np.any(empty):
            self._warn_of_empty(empty)
            self.log_mass = np.where(empty, np.nan, self.log_mass)

    def _warn_of_empty(self, empty: np.ndarray) -> None:
        message = (
            f"no mass between {self.lower} and {self.upper}, the range of the "
            "target's transformation"
        )
        if np.all(empty):
            raise ValueError(f"A distribution has {message}.")
        warnings.warn(
            f"{np.count_nonzero(empty)} of {empty.size} distributions have {message}: "
            "they are NaN.",
            UserWarning,
            stacklevel=2,
        )

    # Probabilities -----------------------------------------------------------------

    def _log_between(
        self, start: Floats, stop: Floats, width: Floats, end: Floats, direction: float
    ) -> Floats:
        """log P(start < x < stop) of standardised x, given the width as well.

        One of the two is an ``end`` of the interval, the other lies from there in the
        ``direction``, 1 or -1.
        """
        family = self.family
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            outer_below, log_above = family.log_tails(np.asarray(start))
            log_below, outer_above = family.log_tails(np.asarray(stop))
            from_below = log_below + log1mexp(_log_ratio(outer_below, log_below))
            from_above = log_above + log1mexp(_log_ratio(outer_above, log_above))
            outside = np.exp(outer_below) + np.exp(outer_above)
            across = np.log1p(-np.minimum(outside, 1.0))
            result = np.where(
                log_below <= LOG_HALF,
                from_below,
                np.where(log_above <= LOG_HALF, from_above, across),
            )
            short = self._is_short(end, width)
            if not np.any(short):
                return result
            near = _log_integral(family, end, width, direction)
            return np.where(short, near, result)

    def _is_short(self, end: Floats, width: Floats) -> np.ndarray:
        with np.errstate(invalid="ignore", over="ignore"):
            return width * self.family.rate(end) <= 1.0

    def _log_cdf(self, point: Point) -> Floats:
        """The logarithm of ``cdf``; without digits where it is near 1."""
        x = self._standardise(point)
        if np.all(self.lower == -np.inf):
            return np.minimum(self.family.log_below(x) - self.log_mass, 0.0)
        width = point.below / self.scale
        between = self._log_between(self.low, x, width, self.low, 1.0)
        return np.minimum(between - self.log_mass, 0.0)

    def _log_sf(self, point: Point) -> Floats:
        """The logarithm of ``sf``; without digits where it is near 1."""
        x = self._standardise(point)
        if np.all(self.upper == np.inf):
            return np.minimum(self.family.log_above(x) - self.log_mass, 0.0)
        width = point.above / self.scale
        between = self._log_between(x, self.high, width, self.high, -1.0)
        return np.minimum(between - self.log_mass, 0.0)

    def _standardise(self, point: Point) -> Floats:
        with np.errstate(invalid="ignore", over="ignore"):
            return (point.z - self.loc) / self.scale

    def logpdf(self, point: Point) -> Floats:
        x = self._standardise(point)
        density = self.family.log_density(x) - np.log(self.scale)
        inside = (np.asarray(point.below) >= 0) & (np.asarray(point.above) >= 0)
        return np.where(inside, density - self.log_mass, -np.inf)

    def logcdf(self, point: Point) -> Floats:
        below, above = self._log_cdf(point), self._log_sf(point)
        return np.where(below < above, below, log1mexp(above))

    def logsf(self, point: Point) -> Floats:
        below, above = self._log_cdf(point), self._log_sf(point)
        return np.where(above < below, above, log1mexp(below))

    def absolute_cdf(self, point: Point) -> Floats:
        """``cdf`` with as many decimals, and fewer digits where it is near 1."""
        return np.exp(self._log_cdf(point))

    def cdf(self, point: Point) -> Floats:
        return np.exp(self.logcdf(point))

    def sf(self, point: Point) -> Floats:
        return np.exp(self.logsf(point))

    # Quantiles ---------------------------------------------------------------------

    def ppf(self, q: Any) -> Point:
        q = np.asarray(q, dtype=np.float64)
        return self._quantile(*_logarithms(q))

    def isf(self, q: Any) -> Point:
        q = np.asarray(q, dtype=np.float64)
        log_above, log_below = _logarithms(q)
        return self._quantile(log_below, log_above)

    def _quantile(self, log_below: Floats, log_above: Floats) -> Point:
        """z with these logarithms of the probabilities below and above it."""
        log_below = np.asarray(log_below + self.log_mass)
        log_above = np.asarray(log_above + self.log_mass)
        with np.errstate(invalid="ignore"):
            x = self.family.quantile(
                np.logaddexp(self.family.log_below(self.low), log_below),
                np.logaddexp(self.family.log_above(self.high), log_above),
            )
        with np.errstate(invalid="ignore", over="ignore"):
            below = np.maximum(x - self.low, 0.0)
            above = np.maximum(self.high - x, 0.0)
            near_low = self._is_short(self.low, below) & (log_below <= log_above)
            near_high = self._is_short(self.high, above) & (log_above < log_below)
            z = self.loc + self.scale * x
            below, above = np.subtract(z, self.lower), np.subtract(self.upper, z)
            below = self._solved(near_low, self.low, 1.0, log_below, below)
            above = self._solved(near_high, self.high, -1.0, log_above, above)
            z = np.where(near_low, self.lower + below, z)
            z = np.where(near_high, self.upper - above, z)
            z = np.clip(z, self.lower, self.upper)
            below = np.where(near_high, np.subtract(z, self.lower), below)
            above = np.where(near_low, np.subtract(self.upper, z), above)
        return Point(z, np.maximum(below, 0.0), np.maximum(above, 0.0))

    def _solved(
        self,
        near: np.ndarray,
        end: Floats,
        direction: float,
        log_mass: Floats,
        distance: Floats,
    ) -> Floats:
        """Distances to an end, by Newton's method in their logarithm where near."""
        if not np.any(near):
            return distance

        def chosen(values: Any) -> Floats:
            return np.broadcast_to(values, near.shape)[near]

        family, end, target = self.family.at(near), chosen(end), chosen(log_mass)
        log_width = target - family.log_density(end)
        for _ in range(NEWTON_STEPS):
            width = np.exp(log_width)
            mass = _log_integral(family, end, width, direction)
            density = family.log_density(end + direction * width)
            log_width = log_width + (target - mass) * np.exp(mass - log_width - density)
        distance = np.array(np.broadcast_to(distance, near.shape))
        found = np.exp(log_width) * chosen(self.scale)
        distance[near] = np.where(target == -np.inf, 0.0, found)
        return distance


def _log_integral(family: Any, end: Floats, width: Floats, direction: float) -> Floats:
    """Logarithm of the probability of a short way from an end, by quadrature."""
    with np.errstate(divide="ignore", invalid="ignore"):
        total = -np.inf
        for node, log_weight in zip(NODES, LOG_WEIGHTS, strict=True):
            density = family.log_density(end + direction * node * width)
            total = np.logaddexp(total, log_weight + density)
        return np.log(width) + total


def _log_ratio(small: Floats, large: Floats) -> Floats:
    """Logarithm of a ratio of probabilities; that of nothing to nothing is 0."""
    return np.where(large == -np.inf, 0.0, np.minimum(small - large, 0.0))


def _logarithms(q: Floats) -> tuple[Floats, Floats]:
    """log q and log(1 - q), NaN where q is no probability."""
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.where((q >= 0) & (q <= 1), q, np.nan)
        return np.log(q), np.log1p(-q)
