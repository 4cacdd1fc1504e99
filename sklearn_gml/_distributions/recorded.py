"""The distribution of a normal y as it is recorded: clipped, or seen within limits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from .row_densities import RowDensity, between

Pair = tuple[float, float]


class Recorded:
    r"""y as it is recorded, in scipy's method names.

    The latent y is normal; rows whose y is outside of the limits ``seen`` are not
    there, and values beyond the limits ``clip`` are recorded as the limit. A finite
    limit of ``clip`` has a probability of its own:

    .. math::

        P(y = \text{low}) = \Phi\left(\frac{\text{low} - \mu}{\sigma}\right), \qquad
        P(y = \text{high}) = \Phi\left(\frac{\mu - \text{high}}{\sigma}\right)

    (without ``seen``). ``logpdf`` and ``pdf`` are densities between the limits, and at
    a limit, or beyond it, its probability.

    Parameters
    ----------
    mean, sigma : ndarray of shape (n,) or (n, t)
        Of the latent y.
    clip, seen : tuple of float
        Lower and upper limit, infinite where there is none.
    """

    def __init__(self, mean: NDArray, sigma: NDArray, clip: Pair, seen: Pair):
        self.base, self.clip, self.seen = stats.norm(mean, sigma), clip, seen
        self._mean, self._sigma = np.broadcast_arrays(mean, sigma)
        self.latent: Any = self.base
        if np.isfinite(seen).any():
            self.latent = _Within(self._mean, self._sigma, seen)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._mean.shape

    def _below(self, y):
        return np.asarray(y, dtype=np.float64) <= self.clip[0]

    def _above(self, y):
        return np.asarray(y, dtype=np.float64) >= self.clip[1]

    def logpdf(self, y: ArrayLike) -> NDArray:
        """Log-density, or the logarithm of the probability of a limit."""
        low, high = self.clip
        return np.where(
            self._below(y),
            self.latent.logcdf(low),
            np.where(self._above(y), self.latent.logsf(high), self.latent.logpdf(y)),
        )

    def pdf(self, y: ArrayLike) -> NDArray:
        """Density, or the probability of a limit."""
        return np.exp(self.logpdf(y))

    def cdf(self, y: ArrayLike) -> NDArray:
        """P(recorded y <= y)."""
        inside = np.where(self._above(y), 1.0, self.latent.cdf(y))
        return np.where(np.asarray(y) < self.clip[0], 0.0, inside)

    def cdf_below(self, y: ArrayLike) -> NDArray:
        """P(recorded y < y), which differs from ``cdf`` at the limits."""
        inside = np.where(np.asarray(y) > self.clip[1], 1.0, self.latent.cdf(y))
        return np.where(self._below(y), 0.0, inside)

    def sf(self, y: ArrayLike) -> NDArray:
        """P(recorded y > y)."""
        inside = np.where(self._above(y), 0.0, self.latent.sf(y))
        return np.where(np.asarray(y) < self.clip[0], 1.0, inside)

    def logcdf(self, y: ArrayLike) -> NDArray:
        inside = np.where(self._above(y), 0.0, self.latent.logcdf(y))
        return np.where(np.asarray(y) < self.clip[0], -np.inf, inside)

    def logsf(self, y: ArrayLike) -> NDArray:
        inside = np.where(self._above(y), -np.inf, self.latent.logsf(y))
        return np.where(np.asarray(y) < self.clip[0], 0.0, inside)

    def ppf(self, q: ArrayLike) -> NDArray:
        """Quantiles of the latent y, clipped."""
        return np.clip(self.latent.ppf(q), *self.clip)

    def isf(self, q: ArrayLike) -> NDArray:
        return np.clip(self.latent.isf(q), *self.clip)

    def median(self) -> NDArray:
        return self.ppf(0.5)

    def interval(self, confidence: float) -> tuple[NDArray, NDArray]:
        """Limits with equal probability outside, clipped."""
        tail = 0.5 * (1.0 - confidence)
        return self.ppf(tail), self.isf(tail)

    def rvs(self, size: Any = None, random_state: Any = None) -> NDArray:
        """Random values of the recorded y."""
        size = self.shape if size is None else size
        return self.ppf(stats.uniform.rvs(size=size, random_state=random_state))

    def limit_probabilities(self) -> tuple[NDArray, NDArray]:
        """Probabilities of the lower and of the upper limit."""
        return self.latent.cdf(self.clip[0]), self.latent.sf(self.clip[1])

    def _inside(self) -> tuple[NDArray, RowDensity]:
        """P(no limit), and the moments of z between the limits."""
        low, high = self._standardised(self._limits())
        width = (self._limits()[1] - self._limits()[0]) / self._sigma
        flat = [np.ravel(values) for values in (low, high, width)]
        density = RowDensity(*(part.reshape(self.shape) for part in between(*flat)))
        log_seen = getattr(self.latent, "log_mass", 0.0)
        return np.exp(density.value - log_seen), density

    def _limits(self):
        """Those between which y is recorded as it is."""
        return tuple(
            pick(pair)
            for pick, pair in zip(
                (max, min), zip(self.clip, self.seen, strict=True), strict=True
            )
        )

    def _standardised(self, limits):
        return [(limit - self._mean) / self._sigma for limit in limits]

    def _parts(self):
        """``(probability, value)`` of the limits, and those of what lies between."""
        inside, density = self._inside()
        # E z where it is the smaller, the distance from a limit where that is.
        middle = self._mean + self._sigma * density.mean
        atoms = [
            (probability, limit)
            for probability, limit in zip(
                self.limit_probabilities(), self.clip, strict=True
            )
            if np.isfinite(limit)
        ]
        return atoms, inside, middle, density

    def mean(self) -> NDArray:
        """E y of the recorded y."""
        atoms, inside, middle, _ = self._parts()
        return inside * middle + sum(p * limit for p, limit in atoms)

    def var(self) -> NDArray:
        """Variance of the recorded y."""
        atoms, inside, middle, density = self._parts()
        mean = self.mean()
        spread = self._sigma**2 * (density.mean_mean + 1.0)
        total = inside * (spread + (middle - mean) ** 2)
        return total + sum(p * (limit - mean) ** 2 for p, limit in atoms)

    def std(self) -> NDArray:
        """Standard deviation of the recorded y."""
        return np.sqrt(self.var())

    def crps(self, y: ArrayLike) -> NDArray:
        r"""Continuous ranked probability score of y, in closed form.

        :math:`\int (F(x) - 1_{x \ge y})^2 dx`, of which F is that of the latent y
        between the limits: with :math:`\int \Phi^2 = G(x) = x\Phi^2 + 2\varphi\Phi -
        \Phi(\sqrt 2 x)/\sqrt\pi` and :math:`\int \Phi = x\Phi + \varphi`.
        """
        y = np.asarray(y, dtype=np.float64)
        limits = self._limits()
        kept = np.clip(y, *limits)
        low, high, z = self._standardised((*limits, kept))
        start, end = self._standardised(self.seen)
        mass = np.exp(getattr(self.latent, "log_mass", 0.0))
        below = _squares(z, special.ndtr(start)) - _squares(low, special.ndtr(start))
        above = _squares(-z, special.ndtr(-end)) - _squares(-high, special.ndtr(-end))
        return self._sigma * (below + above) / mass**2 + np.abs(y - kept)


def _squares(x, c):
    """An integral of ``(Phi(x) - c)^2``; zero at minus infinity, where c is zero."""
    with np.errstate(invalid="ignore"):
        phi, density = special.ndtr(x), np.exp(-0.5 * x * x) / np.sqrt(2.0 * np.pi)
        square = x * phi**2 + 2.0 * density * phi
        square = square - special.ndtr(np.sqrt(2.0) * x) / np.sqrt(np.pi)
        value = square - 2.0 * c * (x * phi + density) + c**2 * x
    return np.where(np.isneginf(x), 0.0, value)


class _Within:
    """A normal variable given that it lies within limits, from logarithms alone."""

    def __init__(self, mean, sigma, limits):
        self.mean, self.sigma, self.limits = mean, sigma, limits
        self.log_mass = self._log_between(*limits)

    def _standardised(self, y):
        return (y - self.mean) / self.sigma

    def _log_between(self, low, high):
        low, high, mean, sigma = np.broadcast_arrays(low, high, self.mean, self.sigma)
        value = np.full(low.shape, -np.inf)
        some = low < high
        ends = [(end[some] - mean[some]) / sigma[some] for end in (low, high)]
        width = (high[some] - low[some]) / sigma[some]
        value[some] = between(*ends, width).value
        return value

    def logpdf(self, y):
        y = np.asarray(y, dtype=np.float64)
        inside = (y >= self.limits[0]) & (y <= self.limits[1])
        density = stats.norm.logpdf(y, self.mean, self.sigma) - self.log_mass
        return np.where(inside, density, -np.inf)

    def logcdf(self, y):
        with np.errstate(divide="ignore"):
            return self._log_between(self.limits[0], self._clip(y)) - self.log_mass

    def logsf(self, y):
        with np.errstate(divide="ignore"):
            return self._log_between(self._clip(y), self.limits[1]) - self.log_mass

    def cdf(self, y):
        return np.exp(self.logcdf(y))

    def sf(self, y):
        return np.exp(self.logsf(y))

    def _clip(self, y):
        return np.clip(np.asarray(y, dtype=np.float64), *self.limits)

    def ppf(self, q):
        q = np.asarray(q, dtype=np.float64)
        with np.errstate(divide="ignore"):
            return self._quantile(np.log(q), np.log1p(-q))

    def isf(self, q):
        q = np.asarray(q, dtype=np.float64)
        with np.errstate(divide="ignore"):
            return self._quantile(np.log1p(-q), np.log(q))

    def _quantile(self, log_below, log_above):
        """From the smaller of the normal tails, which has the digits."""
        low, high = (self._standardised(limit) for limit in self.limits)
        below = np.logaddexp(special.log_ndtr(low), log_below + self.log_mass)
        above = np.logaddexp(special.log_ndtr(-high), log_above + self.log_mass)
        z = np.where(below < above, special.ndtri_exp(below), -special.ndtri_exp(above))
        return self._clip(self.mean + self.sigma * z)
