"""Expectations over distributions, by integrals over probabilities.

The line is cut at the median. Where the inverse transformation has kinks, the part
between the outermost of these and the median is integrated over z, from kink to kink;
the tails beyond are integrated over probabilities, whose rule bears singular ends.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from .quadrature import Integral, panel_quadrature, quadrature, sum_of
from .transformations import point_at

# Quantiles of smaller probabilities weigh nothing where the integrand is bounded by
# them, as that of the CRPS is; some of scipy's fail there.
NEGLIGIBLE = 1e-60
# Tail probabilities of the ends of panels between which a density changes little.
GRID = np.concatenate([10.0 ** -np.arange(18, 5, -1.0), 10.0 ** -np.arange(5, 1, -0.5)])
GRID = np.concatenate([GRID, [0.1, 0.2, 0.35, 0.5]])


class Quantiles:
    """The tails of any distribution, by its own methods."""

    limits = 0.5, 0.5  # probabilities of the two tails

    def __init__(self, distribution: Any):
        self.distribution = distribution

    def tail(self, u: Any, upper: bool) -> tuple[Any, Any, Any]:
        """Quantile, and the probabilities below and above it, of a tail."""
        u = np.maximum(u, NEGLIGIBLE)
        # Some of scipy's overflow on the way to their limits.
        with np.errstate(all="ignore"):
            if upper:
                return self.distribution.isf(u), 1.0 - u, u
            return self.distribution.ppf(u), u, 1.0 - u

    def tails_at(self, y: Any) -> tuple[Any, Any]:
        """The tail probabilities of y."""
        with np.errstate(all="ignore"):
            return self.distribution.cdf(y), self.distribution.sf(y)

    def middle(self, function: Callable, typical: Any, at: Any) -> list[Integral]:
        """Integrals between the tails: there is nothing."""
        return []


class QuantilesOfTransformed:
    """The tails of a transformed distribution, and what is between them, by z."""

    def __init__(self, latent: Any, transformation: Any):
        self.latent, self.transformation = latent, transformation
        self.kinks = [np.asarray(kink) for kink in transformation.kinks]
        self.limits = 0.5, 0.5
        if self.kinks:
            first, last = (self._point(self.kinks[j]) for j in (0, -1))
            self.limits = (
                np.minimum(latent.cdf(first), 0.5),
                np.minimum(latent.sf(last), 0.5),
            )

    def _point(self, z: Any) -> Any:
        return point_at(z, self.transformation.range)

    def _oriented(self, y: Any, of_z_below: Any, of_z_above: Any) -> tuple:
        increasing = self.transformation.increasing
        below = np.where(increasing, of_z_below, of_z_above)
        return y, below, np.where(increasing, of_z_above, of_z_below)

    def tail(self, u: Any, upper: bool) -> tuple[Any, Any, Any]:
        """Value, and the probabilities below and above it, of a tail of z."""
        # Infinity is the answer where y grows beyond numbers.
        with np.errstate(over="ignore", divide="ignore"):
            point = self.latent.isf(u) if upper else self.latent.ppf(u)
            y = self.transformation.place(point)
        sides = (1.0 - u, u) if upper else (u, 1.0 - u)
        return self._oriented(y, *sides)

    def tails_at(self, y: Any) -> tuple[Any, Any]:
        """The tail probabilities of g(y); of the ends where y has no image."""
        point = self._image(y)
        return self.latent.cdf(point), self.latent.sf(point)

    def _image(self, y: Any) -> Any:
        low, _ = self.transformation.domain
        inside = self.transformation.contains(y)
        centre = self.transformation.place(self.latent.ppf(0.5))
        with np.errstate(over="ignore", divide="ignore"):
            point = self.transformation.locate(np.where(inside, y, centre))
        increasing = self.transformation.increasing
        below = np.where(inside, 0.0, np.where((y <= low) == increasing, -1.0, 1.0))
        lower, upper = self.transformation.range
        ends = np.where(below < 0, lower, upper)
        beyond = point_at(ends, self.transformation.range)
        return type(point)(
            *(np.where(inside, a, b) for a, b in zip(point, beyond, strict=True))
        )

    def middle(self, function: Callable, typical: Any, at: Any) -> list[Integral]:
        """Integrals of z between the outermost kinks and the median."""
        if not self.kinks:
            return []
        latent, shape = self.latent, self.latent.shape
        grid = [latent.ppf(u).z for u in GRID] + [latent.isf(u).z for u in GRID[:-1]]
        median = latent.ppf(0.5).z
        low = np.minimum(self.kinks[0], median)
        high = np.maximum(self.kinks[-1], median)
        breaks = [*self.kinks, *grid]
        if at is not None:
            breaks.append(self._image(at).z)
            shape = np.broadcast_shapes(shape, np.shape(at))
        breaks = [np.broadcast_to(np.clip(z, low, high), shape) for z in breaks]
        rising = np.sort(np.stack(breaks), axis=0)
        spread = latent.isf(0.16).z - latent.ppf(0.16).z

        def integrand(z: Any) -> Any:
            point = self._point(z)
            y = self.transformation.place(point)
            # Differences from 1 do: y is bounded by the kinks.
            below = latent.absolute_cdf(point) if at is not None else np.nan
            values = function(*self._oriented(y, below, 1.0 - below))
            return values * np.exp(latent.logpdf(point))

        return [panel_quadrature(integrand, rising, spread / 2.0, typical)]


def expectation(
    quantiles: Any, function: Callable, what: str, *, typical: Any, at: Any = None
) -> Any:
    """E[function(Y, P(below Y), P(above Y))] of every row.

    Parameters
    ----------
    quantiles : Quantiles or QuantilesOfTransformed
        Of the distributions.
    function : callable
        Of the value and, where ``at`` is given, of the two probabilities.
    what : str
        Name of the expectation, for a warning.
    typical : float or ndarray
        Size of the function; an error is small as well if it is small against this.
    at : ndarray, optional
        Value where the function has a kink. Without it the probabilities may be NaN.

    Returns
    -------
    ndarray
        NaN in rows in which the integrals do not converge, with an
        ``IntegrationWarning`` that counts them.
    """
    integrals = []
    split = (None, None) if at is None else quantiles.tails_at(at)
    for upper, limit, cut in zip((False, True), quantiles.limits, split, strict=True):

        def integrand(u: Any, upper: bool = upper) -> Any:
            return function(*quantiles.tail(u, upper))

        limit = np.asarray(limit)
        ends = [np.zeros(limit.shape), limit]
        if cut is not None:
            ends.insert(1, np.minimum(cut, limit))
        for start, stop in pairwise(ends):
            integrals.append(quadrature(integrand, start, stop, typical))
    integrals += quantiles.middle(function, typical, at)
    return sum_of(integrals, what)
