"""The piecewise linear map of scikit-learn's ``QuantileTransformer``."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from .transformations import Point

# Where scikit-learn clips the probabilities of a normal output (its
# BOUNDS_THRESHOLD, less a rounding error).
CLIPPED = 1e-7 - np.spacing(1.0)
# The transformer and the map here agree to this, relative to the range of y.
# TransformedTargetRegressor requires 1e-5.
AGREEMENT = 1e-5


class QuantileMap:
    """z = g(y), linear from quantile to quantile in u, the probability below z.

    The quantiles are kinks of the inverse: there the density of y jumps, and has the
    mean of both sides. A value that several quantiles share is an atom of y: it has a
    probability, and no density. The range is that of scikit-learn, (0, 1) or where the
    probability of the normal is between 1e-7 and 1 - 1e-7.

    Parameters
    ----------
    transformer : fitted QuantileTransformer
        Of one target, or several.
    """

    growth = 0.0, 0.0
    increasing = True

    def __init__(self, transformer: Any):
        quantiles = np.asarray(transformer.quantiles_, dtype=np.float64)
        self.u = np.asarray(transformer.references_, dtype=np.float64)
        self.normal = transformer.output_distribution == "normal"
        self.vector = quantiles.shape[1] == 1
        self.y = quantiles.T  # (t, k)
        self.domain = self._per_target(self.y[:, 0]), self._per_target(self.y[:, -1])
        end = special.ndtri(CLIPPED)
        self.range = (end, -end) if self.normal else (0.0, 1.0)
        inner = self.u[1:-1]
        self.kinks = tuple(special.ndtri(inner) if self.normal else inner)
        self._check(transformer)

    def _per_target(self, values: NDArray) -> Any:
        return values[0] if self.vector else values

    def _check(self, transformer: Any) -> None:
        """scikit-learn's own map must be this one.

        It takes values closer than 1e-7 to an end, in units of y, for the end.
        """
        middles = (self.y[:, 1:] + self.y[:, :-1]) / 2.0
        with np.errstate(all="ignore"):
            back = transformer.inverse_transform(transformer.transform(middles.T)).T
        error = np.abs(back - middles)
        width = np.ptp(self.y, axis=1, keepdims=True)
        if np.any(width == 0) or np.any(error > AGREEMENT * width):
            raise ValueError(
                f"{transformer!r} does not undo itself: it takes values within 1e-7 of "
                "the least and the largest for these, and the target has values from "
                f"{self.y.min():.6g} to {self.y.max():.6g}. Scale the target first, by "
                "make_pipeline(StandardScaler(), QuantileTransformer())."
            )

    # Of every target by itself -----------------------------------------------------

    def _by_target(self, function: Any, values: Any) -> NDArray:
        values = np.asarray(values, dtype=np.float64)
        if self.vector:
            return function(values, self.y[0])
        columns = np.broadcast_to(
            values, np.broadcast_shapes(values.shape, (len(self.y),))
        )
        each = [
            function(columns[..., j], quantiles) for j, quantiles in enumerate(self.y)
        ]
        return np.stack(each, axis=-1)

    def _probabilities(self, y: NDArray, quantiles: NDArray) -> tuple:
        """u and 1 - u at y; at an atom, those of its upper end."""
        last = len(quantiles) - 2
        j = np.clip(np.searchsorted(quantiles, y, side="right") - 1, 0, last)
        width = quantiles[j + 1] - quantiles[j]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(width > 0, (y - quantiles[j]) / width, 1.0)
            rest = np.where(width > 0, (quantiles[j + 1] - y) / width, 0.0)
        step = self.u[j + 1] - self.u[j]
        below, above = self.u[j] + share * step, (1.0 - self.u[j + 1]) + rest * step
        return np.clip(below, 0.0, 1.0), np.clip(above, 0.0, 1.0)

    def contains(self, y: Any) -> NDArray[np.bool_]:
        """Whether y lies between the outermost quantiles."""
        return (y >= self.domain[0]) & (y <= self.domain[1])

    def locate(self, y: Any) -> Point:
        """g(y) with its distances to the ends of the range."""
        below = self._by_target(lambda y, q: self._probabilities(y, q)[0], y)
        above = self._by_target(lambda y, q: self._probabilities(y, q)[1], y)
        if not self.normal:
            return Point(below, below, above)
        small = np.minimum(below, above)
        z = np.clip(special.ndtri(small), self.range[0], 0.0)
        near = self._distance(small, z)
        z, far = np.where(below <= above, z, -z), self.range[1] + np.abs(z)
        low = below <= above
        return Point(z, np.where(low, near, far), np.where(low, far, near))

    def _distance(self, u: NDArray, z: NDArray) -> NDArray:
        """Distance of z to the lower end, from u where z has not the digits.

        There the series of the normal quantile about the end: its error is smaller
        than 100 r^4.
        """
        end = self.range[0]
        r = np.maximum(u - CLIPPED, 0.0) / np.exp(stats.norm.logpdf(end))
        series = r + end * r**2 / 2.0 + (1.0 + 2.0 * end**2) * r**3 / 6.0
        return np.where(r < 1e-5, series, z - end)

    def place(self, point: Point) -> NDArray:
        """The inverse of g, by the smaller of u and 1 - u."""
        if self.normal:
            below, above = special.ndtr(point.z), special.ndtr(-np.asarray(point.z))
        else:
            below, above = point.below, point.above

        def from_below(u: NDArray, quantiles: NDArray) -> NDArray:
            return np.interp(u, self.u, quantiles)

        def from_above(u: NDArray, quantiles: NDArray) -> NDArray:
            return np.interp(u, 1.0 - self.u[::-1], quantiles[::-1])

        low = np.asarray(below) <= 0.5
        y = np.where(
            low, self._by_target(from_below, below), self._by_target(from_above, above)
        )
        return np.where(np.isnan(point.z), np.nan, y)

    def log_derivative(self, y: Any) -> NDArray:
        """log |g'(y)|; NaN at atoms, with a warning that counts them."""
        slope = self._by_target(self._slope, y)
        atoms = np.isinf(slope)
        if np.any(atoms):
            warnings.warn(
                f"{np.count_nonzero(atoms)} of {atoms.size} values of y are shared by "
                "several quantiles of the QuantileTransformer: they have a probability "
                "and no density, which is NaN there. Fewer n_quantiles may do.",
                UserWarning,
                stacklevel=2,
            )
            slope = np.where(atoms, np.nan, slope)
        if not self.normal:
            return np.log(slope)
        return np.log(slope) - stats.norm.logpdf(self.locate(y).z)

    def _slope(self, y: NDArray, quantiles: NDArray) -> NDArray:
        """du/dy, at a kink the mean of both sides."""
        last = len(quantiles) - 2
        with np.errstate(divide="ignore"):
            slopes = np.diff(self.u) / np.diff(quantiles)
        right = np.clip(np.searchsorted(quantiles, y, side="right") - 1, 0, last)
        left = np.clip(np.searchsorted(quantiles, y, side="left") - 1, 0, last)
        # Several quantiles of one value: an infinite slope between left and right.
        atom = right - left > 1
        slope = (slopes[left] + slopes[right]) / 2.0
        return np.where(atom, np.inf, slope)
