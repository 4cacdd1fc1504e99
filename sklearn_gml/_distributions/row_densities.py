r"""What a row adds to the likelihood, for each kind of knowledge of its y.

- y is known: the normal density, :func:`exact`;
- y is known to lie between two limits: the probability, :func:`between`;
- y is known, and rows are seen only inside limits: density over probability,
  :func:`within`.

Each is a function of :math:`\mu` and :math:`s = \log\sigma` with its gradient and its
second derivatives; those by :math:`\mu` are multiplied by :math:`\sigma` for each time
they differentiate, so that none has a unit.

With the standard normal z given a < z < b, :math:`P = \Phi(b) - \Phi(a)`, the
derivatives of :math:`\log P` are moments:

.. math::

    E z, \quad E z^2 - 1, \quad
    \mathrm{Var}\, z - 1, \quad
    \mathrm{Cov}(z, z^2) - 2 E z, \quad
    \mathrm{Var}\, z^2 - 2 E z^2

(the last three by :math:`\mu\mu`, :math:`\mu s` and ss). Of a known y the moments are
those of a point. Moments about zero lose all digits far in the tails and in narrow
intervals. They are therefore taken about the limit a nearer to zero (the tail that has
less mass is mirrored to the right), with :math:`w = b - a` from the limits and not from
a and b:

- :math:`w\,b < 2`: Gauss-Legendre quadrature of :math:`e^{-z^2/2}`, all terms positive;
- otherwise closed forms in :math:`e = E z - a` and :math:`w \varphi(b)/P`, whose terms
  have one sign where cancellation would cost digits. The mean excess
  :math:`\varphi(a)/\Phi(-a) - a` is Laplace's continued fraction for large a.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

LOG_2PI = np.log(2.0 * np.pi)

SQRT_HALF = np.sqrt(0.5)

# Below this product of width and distance the exponent varies by less than two over
# the interval, and ten nodes give sixteen digits; above it the closed forms lose one at
# most.
NARROW_PRODUCT, NODES = 2.0, 10

# From here on the continued fraction takes so many terms for sixteen digits, while
# the difference, which it replaces, has lost not much more than one.
LARGE, TERMS = 4.0, 48

# Density and tail are zero beyond this distance (they underflow at 39), and squares of
# what is larger might overflow.
BEYOND_ALL = 1e3

# A tail smaller than the other by this factor, exp(-750), is none.
NO_TAIL = 750.0


class RowDensity(NamedTuple):
    """Logarithms of densities or probabilities, and derivatives, an entry for each row.

    Attributes
    ----------
    value : ndarray of shape (n,)
    mean, log_sigma : ndarray of shape (n,)
        First derivatives by mu, times sigma, and by log sigma.
    mean_mean, mean_log_sigma, log_sigma_log_sigma : ndarray of shape (n,)
        Second derivatives, those by mu times sigma, or its square.
    """

    value: NDArray
    mean: NDArray
    log_sigma: NDArray
    mean_mean: NDArray
    mean_log_sigma: NDArray
    log_sigma_log_sigma: NDArray

    def minus(self, other: RowDensity) -> RowDensity:
        """The logarithm of the quotient."""
        return RowDensity(*(a - b for a, b in zip(self, other, strict=True)))

    def mirrored(self, where: ArrayLike) -> RowDensity:
        """The same of ``-y`` and ``-mu``, where this is so."""
        sign = np.where(where, -1.0, 1.0)
        return self._replace(
            mean=sign * self.mean, mean_log_sigma=sign * self.mean_log_sigma
        )


def exact(z: NDArray, log_sigma: ArrayLike) -> RowDensity:
    """Of a y that is known, ``z = (y - mu) / sigma``: the normal density."""
    squares = np.square(z)
    value = -0.5 * (LOG_2PI + squares) - log_sigma
    ones = np.ones_like(z)
    return RowDensity(value, z, squares - 1.0, -ones, -2.0 * z, -2.0 * squares)


def beyond(near: NDArray, side: NDArray) -> RowDensity:
    """Of a y that lies beyond one limit: the probability.

    Parameters
    ----------
    near : ndarray of shape (n,)
        ``side * (limit - mu) / sigma``.
    side : ndarray of shape (n,)
        1.0 where y lies above its limit, -1.0 where it lies below.
    """
    density = _wide_kept(np.maximum(near, -BEYOND_ALL), None)
    return density._replace(
        mean=side * density.mean, mean_log_sigma=side * density.mean_log_sigma
    )


def between(lower: NDArray, upper: NDArray, width: NDArray) -> RowDensity:
    """Of a y that lies between two limits: the probability.

    Parameters
    ----------
    lower, upper : ndarray of shape (n,)
        ``(limit - mu) / sigma``; infinite: no limit.
    width : ndarray of shape (n,)
        Their distance, which is known with more digits than the limits are.
    """
    near, mirrored = _near_limit(lower, upper)
    return _by_width(near, width, _narrow_kept, _wide_kept).mirrored(mirrored)


def within(
    z: NDArray,
    log_sigma: ArrayLike,
    lower: NDArray,
    upper: NDArray,
    from_lower: NDArray,
    to_upper: NDArray,
) -> RowDensity:
    """Of a y that is known, among rows that are seen only between limits.

    Parameters
    ----------
    z : ndarray of shape (n,)
        ``(y - mu) / sigma``.
    log_sigma : ndarray of shape (n,)
    lower, upper : ndarray of shape (n,)
        ``(limit - mu) / sigma``; infinite: no limit.
    from_lower, to_upper : ndarray of shape (n,)
        Distances ``(y - lower limit) / sigma`` and ``(upper limit - y) / sigma``.
    """
    near, mirrored = _near_limit(lower, upper)
    beyond = np.where(mirrored, to_upper, from_lower)
    z = np.where(mirrored, -z, z)
    seen = _by_width(near, from_lower + to_upper, _narrow_lost, _wide_lost)
    # About the limit where that is far away, about zero where it may be farther.
    about_limit = near > 0
    shift = np.where(about_limit, beyond, z) - seen.mean
    total = np.where(about_limit, 2.0 * near + beyond, z) + seen.mean
    square = np.where(about_limit, beyond * (near + 0.5 * beyond), 0.5 * np.square(z))
    squares = shift * total - seen.variance
    return RowDensity(
        seen.log_density - square - log_sigma,
        shift,
        squares,
        -seen.variance,
        -2.0 * shift - seen.covariance,
        -2.0 * squares - seen.variance_of_square,
    ).mirrored(mirrored)


class _Lost(NamedTuple):
    """Moments of z within limits, about the limit ``near`` if that is positive.

    ``log_density`` is that of z at the point about which they are taken.
    """

    log_density: NDArray
    mean: NDArray
    variance: NDArray
    covariance: NDArray
    variance_of_square: NDArray


def _near_limit(lower, upper):
    """The limit nearer to zero, or beyond it, and whether it is the upper one."""
    with np.errstate(invalid="ignore"):
        # Infinite on both sides: there is none, and no side.
        mirrored = lower + upper < 0
    near = np.where(mirrored, -upper, lower)
    return np.maximum(near, -BEYOND_ALL), mirrored


def _by_width(near, width, narrow, wide):
    """Results of the one function or the other, by the width of the interval."""
    width = np.where(near < 0, np.minimum(width, 2.0 * BEYOND_ALL), width)
    one_sided = width * (near + 0.5 * width) > NO_TAIL
    if one_sided.all():
        return wide(near, None)
    is_narrow = width * (near + width) < NARROW_PRODUCT
    results = None
    for function, rows in (
        (wide, one_sided),
        (narrow, is_narrow),
        (wide, ~(one_sided | is_narrow)),
    ):
        if not rows.any():
            continue
        result = function(near[rows], None if rows is one_sided else width[rows])
        if results is None:
            results = type(result)(*np.empty((len(result), len(near))))
        for values, part in zip(results, result, strict=True):
            values[rows] = part
    return results


class _Wide(NamedTuple):
    """z between a and b = a + w, or beyond a.

    Attributes
    ----------
    log_mass : ndarray
    mean : ndarray
        E z.
    excess : ndarray
        ``E z - a``.
    far : ndarray or float
        b, zero beside a ``far_density`` of zero.
    far_density : ndarray or float
        ``w phi(b) / P``, zero if there is no b.
    ratio : ndarray or float
        Mass beyond b as part of that beyond a.
    """

    log_mass: NDArray
    mean: NDArray
    excess: NDArray
    far: NDArray | float
    far_density: NDArray | float
    ratio: NDArray | float


def _wide(a, w):
    hazard, excess = _hazard_and_excess(a)
    log_mass = special.log_ndtr(-a)
    if w is None:
        return _Wide(log_mass, hazard, excess, 0.0, 0.0, 0.0)
    b = a + w
    far_hazard, far_excess = _hazard_and_excess(b)
    # One underflows on this side of zero, the other overflows on that.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        scaled = special.erfcx(SQRT_HALF * b) / special.erfcx(SQRT_HALF * a)
        in_tail = np.exp(-w * (a + 0.5 * w)) * scaled
        ratio = np.where(a > 0, in_tail, special.ndtr(-b) / special.ndtr(-a))
    odds = ratio / (1.0 - ratio)
    # hazard(b) - hazard(a) without the digits that a and b share.
    inside = excess - (w + (far_excess - excess)) * odds
    mean = np.where(a > 0, a + inside, (hazard - far_hazard * ratio) / (1.0 - ratio))
    inside = np.where(a > 0, inside, mean - a)
    return _Wide(
        log_mass + np.log1p(-ratio), mean, inside, b, w * far_hazard * odds, ratio
    )


def _wide_kept(a, w):
    log_mass, mean, excess, b, far, _ = _wide(a, w)
    product = a * excess
    along = mean * (1.0 + product)
    if w is None:
        return RowDensity(log_mass, mean, a * mean, -excess * mean, -along, -a * along)
    return RowDensity(
        log_mass,
        mean,
        a * mean - far,
        -(excess * mean + far),
        -along - far * (b - excess),
        -a * along - far * (b * (b + a) - a * a - 1.0 - 2.0 * product + far),
    )


def _wide_lost(a, w):
    log_mass, mean, excess, b, far, ratio = _wide(a, w)
    variance = 1.0 - (excess * mean + far)
    covariance = mean * (1.0 - a * excess) - far * (b - excess)
    kept = _wide_kept(a, w)
    variance_of_square = kept.log_sigma_log_sigma + 2.0 * (1.0 + a * mean - far)
    log_density = -0.5 * LOG_2PI - log_mass
    positive, large = a > 0, a >= LARGE
    # phi(a) / P, whose logarithms would cancel.
    hazard, _ = _hazard_and_excess(a[positive])
    seen = 1.0 - np.broadcast_to(ratio, a.shape)[positive]
    log_density[positive] = np.log(hazard / seen)
    if large.any():
        width = None if w is None else w[large]
        moments = _far_moments(a[large], width, np.broadcast_to(ratio, a.shape)[large])
        variance[large], covariance[large], variance_of_square[large] = moments
    mean = np.where(positive, excess, mean)
    return _Lost(log_density, mean, variance, covariance, variance_of_square)


def _narrow(a, w):
    """``(log P/phi(m), m, E t, central moments 2 to 4)`` of t = z - m, m the middle."""
    nodes, weights = _LEGENDRE
    middle = a + 0.5 * w
    t = 0.5 * np.multiply.outer(nodes, w)
    density = weights[:, None] * np.exp(-t * (middle + 0.5 * t))
    mass = density.sum(axis=0)
    density /= mass
    shift = (density * t).sum(axis=0)
    t -= shift
    central = [(density * t**power).sum(axis=0) for power in (2, 3, 4)]
    return np.log(w * mass), middle, shift, *central


def _narrow_kept(a, w):
    log_ratio, middle, shift, variance, third, fourth = _narrow(a, w)
    mean = middle + shift
    squares = np.square(mean) + variance
    return RowDensity(
        log_ratio - 0.5 * (LOG_2PI + np.square(middle)),
        mean,
        squares - 1.0,
        variance - 1.0,
        2.0 * mean * (variance - 1.0) + third,
        _variance_of_square(mean, variance, third, fourth) - 2.0 * squares,
    )


def _narrow_lost(a, w):
    log_ratio, middle, shift, variance, third, fourth = _narrow(a, w)
    mean = middle + shift
    positive = a > 0
    # (m^2 - a^2) / 2, or m^2 / 2, where the density is that at zero.
    square = np.where(positive, 0.5 * w * (a + 0.25 * w), 0.5 * np.square(middle))
    return _Lost(
        square - log_ratio,
        np.where(positive, 0.5 * w + shift, mean),
        variance,
        2.0 * mean * variance + third,
        _variance_of_square(mean, variance, third, fourth),
    )


def _variance_of_square(mean, variance, third, fourth):
    return 4.0 * mean * (mean * variance + third) + fourth - np.square(variance)


def _far_moments(a, w, ratio):
    """``(Var z, Cov(z, z^2), Var z^2)`` in the tail, from moments of z - a.

    Those beyond a are products of the quotients of the continued fraction; those
    beyond b = a + w are subtracted.
    """
    raw = np.cumprod(_quotients(a), axis=0)
    if w is not None:
        m1, m2, m3, m4 = np.cumprod(_quotients(a + w), axis=0)
        raw -= ratio * np.stack(
            [
                w + m1,
                w * (w + 2.0 * m1) + m2,
                w * (w * (w + 3.0 * m1) + 3.0 * m2) + m3,
                w * (w * (w * (w + 4.0 * m1) + 6.0 * m2) + 4.0 * m3) + m4,
            ]
        )
        raw /= 1.0 - ratio
    first, second, third, fourth = raw
    variance = second - first**2
    central_third = third - first * (3.0 * second - 2.0 * first**2)
    central_fourth = fourth - 4.0 * first * third
    central_fourth += 3.0 * first**2 * (2.0 * second - first**2)
    mean = a + first
    return (
        variance,
        2.0 * mean * variance + central_third,
        _variance_of_square(mean, variance, central_third, central_fourth),
    )


def _hazard_and_excess(a):
    """``phi(a) / Phi(-a)`` and the same minus a."""
    hazard = np.sqrt(2.0 / np.pi) / special.erfcx(SQRT_HALF * a)
    excess = hazard - a
    large = a > LARGE
    if large.any():
        excess[large] = _quotients(a[large])[0]
    return hazard, excess


def _quotients(a):
    """The first four ``q_k = k / (a + q_{k+1})``: those of successive E (z - a)^k."""
    quotient, quotients = np.zeros_like(a), []
    for k in range(TERMS, 0, -1):
        quotient = k / (a + quotient)
        quotients.append(quotient)
    return np.stack(quotients[:-5:-1])


def _legendre():
    nodes, weights = special.roots_legendre(NODES)
    return nodes, 0.5 * weights


_LEGENDRE = _legendre()
