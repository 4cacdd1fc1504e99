"""The standard normal and Student's t in logarithms, exact in both tails.

``scipy.stats.t`` inverts probabilities to eight to eleven digits, and its ``logsf`` is
-inf where the probability underflows. Integrals over quantiles need more of both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .parameters import parameters_of

Floats = NDArray[np.float64]

LOG_HALF = np.log(0.5)
# Below, probabilities lose digits and then underflow.
SMALLEST_LOG = -690.0
# Degrees of freedom from which Student's t is normal to rounding: they differ by
# x^4 / (4 freedom), relative, for |x| < 30 or so.
NORMAL_FREEDOM = 1e22
SERIES_TERMS = 80  # of the tail that underflows: the last is below rounding
NEWTON_STEPS = 10  # at most, from one digit or more
SETTLED = 1e-9  # the next step would be its square


def log1mexp(x: Floats) -> Floats:
    """log(1 - exp(x)) for x <= 0, with all its digits (Maechler 2012)."""
    with np.errstate(divide="ignore"):
        small = np.log(-np.expm1(np.maximum(x, LOG_HALF)))
        return np.where(x > LOG_HALF, small, np.log1p(-np.exp(np.minimum(x, LOG_HALF))))


class Symmetric:
    """A symmetric distribution by its lower tail and the inverse of that."""

    def log_below(self, x: Floats) -> Floats:
        raise NotImplementedError

    def inverse(self, log_below: Floats) -> Floats:
        raise NotImplementedError

    def log_above(self, x: Floats) -> Floats:
        """Logarithm of the probability above x."""
        return self.log_below(-np.asarray(x))

    def log_tails(self, x: Floats) -> tuple[Floats, Floats]:
        """``log_below`` and ``log_above`` of x."""
        small = self.log_below(-np.abs(x))
        large = log1mexp(small)
        return np.where(x <= 0, small, large), np.where(x <= 0, large, small)

    def quantile(self, log_below: Floats, log_above: Floats) -> Floats:
        """x with these logarithms of probabilities, by the smaller."""
        x = self.inverse(np.minimum(log_below, log_above))
        return np.where(log_below < log_above, x, -x)


class Other:
    """Any frozen distribution as it is, with the digits that its methods have."""

    def __init__(self, base: Any):
        self.log_density = base.logpdf
        self.log_below = base.logcdf
        self.log_above = base.logsf
        self._base = base

    def log_tails(self, x: Floats) -> tuple[Floats, Floats]:
        """``log_below`` and ``log_above`` of x."""
        return self.log_below(x), self.log_above(x)

    def rate(self, x: Floats) -> Floats:
        """Infinite: no interval is known to be short."""
        return np.full(np.shape(x), np.inf)

    def quantile(self, log_below: Floats, log_above: Floats) -> Floats:
        """x with these logarithms of probabilities, by the smaller."""
        q = np.exp(np.minimum(log_below, log_above))
        return np.where(log_below < log_above, self._base.ppf(q), self._base.isf(q))


class Normal(Symmetric):
    """The standard normal distribution."""

    def at(self, mask: NDArray[np.bool_]) -> Normal:
        """The same for the elements of the mask."""
        return self

    def log_density(self, x: Floats) -> Floats:
        return -0.5 * x**2 - 0.5 * np.log(2.0 * np.pi)

    def log_below(self, x: Floats) -> Floats:
        """Logarithm of the probability below x."""
        return special.log_ndtr(x)

    def rate(self, x: Floats) -> Floats:
        """How many times the density changes by a factor e over a unit of x."""
        return np.maximum(1.0, np.abs(x))

    def inverse(self, log_below: Floats) -> Floats:
        """x <= 0 of this ``log_below``, at most log(1/2)."""
        return special.ndtri_exp(log_below)


class StudentT(Symmetric):
    """Student's t, with degrees of freedom for each element; normal if infinite."""

    def __init__(self, freedom: Any):
        self.freedom = np.asarray(freedom, dtype=np.float64)
        self._normal = self.freedom > NORMAL_FREEDOM
        # Computations for finite degrees of freedom; those of the normal replace them.
        self._finite = np.where(self._normal, 1.0, self.freedom)

    def at(self, mask: NDArray[np.bool_]) -> StudentT:
        """The same for the elements of the mask."""
        return StudentT(np.broadcast_to(self.freedom, mask.shape)[mask])

    def _or_normal(self, values: Floats, of_normal: Any, x: Floats) -> Floats:
        if not np.any(self._normal):
            return values
        return np.where(self._normal, of_normal(x), values)

    def log_density(self, x: Floats) -> Floats:
        freedom = self._finite
        power = -0.5 * (freedom + 1.0) * np.log1p(x / freedom * x)
        values = power - _log_beta_half(freedom / 2.0) - 0.5 * np.log(freedom)
        return self._or_normal(values, Normal().log_density, x)

    def log_below(self, x: Floats) -> Floats:
        """Logarithm of the probability below x."""
        x = np.asarray(x, dtype=np.float64)
        tail = self._log_tail(np.abs(x))
        values = np.where(x > 0, log1mexp(tail), tail)
        return self._or_normal(values, Normal().log_below, x)

    def _log_tail(self, x: Floats) -> Floats:
        """Logarithm of the probability beyond x >= 0."""
        half = self._finite / 2.0
        square = x / self._finite * x
        # Of w and 1 - w, as arguments of the incomplete beta function, the smaller is
        # the one that has all its digits.
        central = square < 1.0
        if np.all(central):
            share = special.betaincc(0.5, half, square / (1.0 + square))
        elif not np.any(central):
            share = special.betainc(half, 0.5, 1.0 / (1.0 + square))
        else:
            near, far = np.where(central, square, 0.0), np.where(central, 0.0, square)
            share = np.where(
                central,
                special.betaincc(0.5, half, near / (1.0 + near)),
                special.betainc(half, 0.5, 1.0 / (1.0 + far)),
            )
        with np.errstate(divide="ignore"):
            tail = np.log(share) + LOG_HALF
        tail = np.where(square == np.inf, -np.inf, tail)
        lost = (tail < SMALLEST_LOG) & (square < np.inf)
        if np.any(lost):
            tail = np.array(tail)
            of_lost = np.broadcast_to(self._finite, lost.shape)[lost]
            tail[lost] = _log_far_tail(np.broadcast_to(x, lost.shape)[lost], of_lost)
        return tail

    def rate(self, x: Floats) -> Floats:
        """How many times the density changes by a factor e over a unit of x."""
        freedom = self._finite
        size = np.maximum(1.0, np.abs(x))
        with np.errstate(over="ignore"):
            values = (freedom + 1.0) / (freedom / size + np.abs(x))
        return self._or_normal(values, Normal().rate, x)

    def inverse(self, log_below: Floats) -> Floats:
        """x <= 0 of this ``log_below``, at most log(1/2)."""
        log_below = np.minimum(log_below, LOG_HALF)
        freedom = np.broadcast_to(
            self._finite, np.broadcast_shapes(self._finite.shape, log_below.shape)
        )
        # scipy's, which has eight digits or more, where the probability is a number.
        start = special.stdtrit(freedom, np.exp(np.maximum(log_below, -600.0)))
        # The logarithm of the tail is nearly linear in s = log(1 + x^2 / freedom).
        linear = -2.0 * (log_below - LOG_HALF) / freedom
        s = np.where(log_below > -600.0, np.log1p(start / freedom * start), linear)
        tiny = np.finfo(float).tiny
        for _ in range(NEWTON_STEPS):
            with np.errstate(over="ignore", invalid="ignore"):
                x = np.sqrt(freedom * np.expm1(s))
                tail = self._log_tail(x)
                # d log tail / ds = -density / tail * freedom exp(s) / (2 x)
                log_slope = (
                    self._log_density_of_s(s)
                    - tail
                    + np.log(freedom / 2.0)
                    + s
                    - np.log(np.maximum(x, tiny))
                )
                step = (tail - log_below) * np.exp(-np.maximum(log_slope, -700.0))
            step = np.where(np.isfinite(step), step, 0.0)
            s = np.maximum(s + step, 0.0)
            if np.all(np.abs(step) <= SETTLED * s):
                break
        with np.errstate(over="ignore"):
            x = -np.sqrt(freedom * np.expm1(s))
        x = np.where(log_below >= LOG_HALF, 0.0, x)
        x = np.where(np.isnan(log_below), np.nan, x)
        x = np.where(log_below == -np.inf, -np.inf, x)
        return self._or_normal(x, Normal().inverse, log_below)

    def _log_density_of_s(self, s: Floats) -> Floats:
        freedom = self._finite
        power = -0.5 * (freedom + 1.0) * s
        return power - _log_beta_half(freedom / 2.0) - 0.5 * np.log(freedom)


def _log_beta_half(a: Floats) -> Floats:
    """log B(1/2, a); ``betaln`` loses digits where a is large.

    The series is that of Gamma(a + 1/2) / Gamma(a) in 1/a (Tricomi and Erdelyi 1951).
    """
    with np.errstate(invalid="ignore"):
        r = 1.0 / np.maximum(a, 50.0)
        ratio = 1.0 - r / 8.0 * (
            1.0 - r / 16.0 * (1.0 + r * 5.0 / 8.0 * (1.0 - r * 21.0 / 160.0))
        )
        series = 0.5 * np.log(np.pi * r) - np.log(ratio)
        return np.where(a < 50.0, special.betaln(0.5, np.minimum(a, 50.0)), series)


def _log_far_tail(x: Floats, freedom: Floats) -> Floats:
    """log P(T > x) where it underflows.

    With a = freedom / 2 and w = 1 / (1 + x^2 / freedom) the probability is half the
    incomplete beta function I_w(a, 1/2) = w^a (1 - w)^(1/2) / (a B(a, 1/2)) times
    2F1(a + 1/2, 1; a + 1; w), which Pfaff's transformation turns into a series of
    falling terms (DLMF 8.17.7, 15.8.1).
    """
    a = freedom / 2.0
    log_square = 2.0 * np.log(x) - np.log(freedom)
    square = np.exp(np.minimum(log_square, 700.0))
    log_w = -np.where(log_square < 700.0, np.log1p(square), log_square)
    ratio = 1.0 / square  # w / (1 - w)
    total = term = np.ones(x.shape)
    for k in range(SERIES_TERMS):
        term = -term * (0.5 + k) / (a + 1.0 + k) * ratio
        total = total + term
    log_rest = log1mexp(log_w)
    series = np.log(total) - log_rest
    return (
        LOG_HALF + a * log_w + 0.5 * log_rest - np.log(a) - _log_beta_half(a) + series
    )


def standardised(base: Any) -> tuple[Any, Any, Any] | None:
    """``(family, loc, scale)`` of a frozen normal or Student's t, None of others."""
    name = getattr(getattr(base, "dist", None), "name", None)
    if name not in ("norm", "t"):
        return None
    shapes, loc, scale = parameters_of(base)
    family = Normal() if name == "norm" else StudentT(shapes[0])
    with np.errstate(invalid="ignore"):
        # As in scipy, nothing is known where a scale is not positive.
        scale = np.where(np.asarray(scale) > 0, scale, np.nan)
    return family, np.asarray(loc, dtype=np.float64), scale
