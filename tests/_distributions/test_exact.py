"""Transformed distributions against arithmetic of 50 digits, out to their ends."""

from functools import cache

import numpy as np
import pytest
from scipy import stats
from sklearn.preprocessing import (
    FunctionTransformer,
    PowerTransformer,
    QuantileTransformer,
)

from sklearn_gml._distributions.transformed import inverse_transformed
from sklearn_gml.metrics import crps_loss

mpmath = pytest.importorskip("mpmath")
mp = mpmath.mp.clone()
mp.dps = 50
RTOL = 1e-10  # ten digits
DIGITS_OF_DIFFERENCES = 160


def power(exponent, method):
    """A power transformer of a chosen exponent instead of an estimated one."""
    transformer = PowerTransformer(method=method, standardize=False)
    transformer.fit(np.linspace(1.0, 2.0, 9)[:, None])
    transformer.lambdas_ = np.array([exponent])
    return transformer


def quantile(output):
    knots = np.array([[0.3, 0.4, 0.9, 1.0, 2.5, 4.0]]).T
    transformer = QuantileTransformer(n_quantiles=6, output_distribution=output)
    return transformer.fit(knots)


def box_cox(exponent):
    def inverse(z):
        return (1 + mp.mpf(exponent) * z) ** (1 / mp.mpf(exponent))

    def forward(y):
        return (y**exponent - 1) / mp.mpf(exponent)

    end = -1 / mp.mpf(exponent)
    ends = (end, mp.inf) if exponent > 0 else (-mp.inf, end)
    return power(exponent, "box-cox"), forward, inverse, ends, []


def yeo_johnson(exponent):
    p, q = mp.mpf(exponent), 2 - mp.mpf(exponent)

    def forward(y):
        return ((1 + y) ** p - 1) / p if y >= 0 else -((1 - y) ** q - 1) / q

    def inverse(z):
        return (1 + p * z) ** (1 / p) - 1 if z >= 0 else 1 - (1 - q * z) ** (1 / q)

    ends = (1 / q if q < 0 else -mp.inf, -1 / p if p < 0 else mp.inf)
    return power(exponent, "yeo-johnson"), forward, inverse, ends, [mp.mpf(0)]


def exponential():
    return FunctionTransformer(np.exp, np.log), mp.exp, mp.log, (mp.mpf(0), mp.inf), []


def exponential_less_one():
    transformer = FunctionTransformer(np.expm1, np.log1p)
    return transformer, mp.expm1, mp.log1p, (mp.mpf(-1), mp.inf), []


def logarithm():
    ends = (-mp.inf, mp.inf)
    return FunctionTransformer(np.log, np.exp), mp.log, mp.exp, ends, []


def logarithm_plus_one():
    ends = (-mp.inf, mp.inf)
    return FunctionTransformer(np.log1p, np.expm1), mp.log1p, mp.expm1, ends, []


def quantiles(output):
    transformer = quantile(output)
    u = [mp.mpf(k) / 5 for k in range(6)]
    knots = [mp.mpf(float(y)) for y in transformer.quantiles_[:, 0]]

    def linear(x, xs, ys):
        j = min(max(sum(x >= a for a in xs[1:-1]), 0), 4)
        return ys[j] + (x - xs[j]) / (xs[j + 1] - xs[j]) * (ys[j + 1] - ys[j])

    def normal_quantile(p):
        return mp.sqrt(2) * mp.erfinv(2 * p - 1)

    if output == "uniform":
        return (
            transformer,
            lambda y: linear(y, knots, u),
            lambda z: linear(z, u, knots),
            (mp.mpf(0), mp.mpf(1)),
            u[1:-1],
        )
    end = normal_quantile(mp.mpf(1e-7 - np.spacing(1.0)))
    return (
        transformer,
        lambda y: normal_quantile(linear(y, knots, u)),
        lambda z: linear(mp.ncdf(z), u, knots),
        (end, -end),
        [normal_quantile(p) for p in u[1:-1]],
    )


FREEDOM = {"norm": None, "t 7": 7.0}
# The transformation, then loc and scale of z.
CASES = {
    "log": (logarithm, 0.4, 0.3),
    "log1p": (logarithm_plus_one, 0.4, 0.3),
    "exp": (exponential, 1.2, 0.6),
    "exp, far from the end": (exponential, 3.0, 0.2),
    "exp, most of z beyond the end": (exponential, -0.5, 0.3),
    "expm1": (exponential_less_one, 0.4, 0.5),
    "Box-Cox -2.08": (lambda: box_cox(-2.08), 0.2, 0.1),
    "Box-Cox -0.7": (lambda: box_cox(-0.7), 0.3, 0.3),
    "Box-Cox -0.01": (lambda: box_cox(-0.01), 0.3, 0.3),
    "Box-Cox 0.3": (lambda: box_cox(0.3), 0.4, 0.5),
    "Box-Cox 1.5": (lambda: box_cox(1.5), 0.2, 0.7),
    "Yeo-Johnson -1.4": (lambda: yeo_johnson(-1.4), 0.4, 0.15),
    "Yeo-Johnson -2.6": (lambda: yeo_johnson(-2.6), 0.1, 0.2),
    "Yeo-Johnson 0.6": (lambda: yeo_johnson(0.6), 0.1, 0.8),
    "Yeo-Johnson 4.9": (lambda: yeo_johnson(4.9), -0.1, 0.2),
    "quantiles, normal": (lambda: quantiles("normal"), 0.3, 0.8),
    "quantiles, uniform": (lambda: quantiles("uniform"), 0.4, 0.3),
}
every_case = pytest.mark.parametrize("name", CASES)
every_family = pytest.mark.parametrize("family", FREEDOM)


class Exact:
    """The distribution of y in 50 digits, by its definition."""

    def __init__(self, name, family):
        make, loc, scale = CASES[name]
        self.transformer, self.forward, self.inverse, self.ends, self.kinks = make()
        self.freedom = FREEDOM[family]
        self.loc, self.scale = mp.mpf(loc), mp.mpf(scale)
        parameters = {"loc": [loc], "scale": scale}
        base = (
            stats.norm(**parameters)
            if self.freedom is None
            else stats.t(self.freedom, **parameters)
        )
        self.ours = inverse_transformed(base, self.transformer)
        self.mass = self.between(*self.ends)

    def density_of_z(self, z):
        x = (z - self.loc) / self.scale
        if self.freedom is None:
            return mp.npdf(x) / self.scale
        n = mp.mpf(self.freedom)
        constant = mp.gamma((n + 1) / 2) / mp.gamma(n / 2) / mp.sqrt(n * mp.pi)
        return constant * (1 + x * x / n) ** (-(n + 1) / 2) / self.scale

    def tail(self, x):
        """P(X > x), of the standardised x >= 0."""
        if x == mp.inf:
            return mp.mpf(0)
        if self.freedom is None:
            return mp.erfc(x / mp.sqrt(2)) / 2
        n = mp.mpf(self.freedom)
        w = n / (n + x * x)
        return mp.betainc(n / 2, mp.mpf(1) / 2, 0, w, regularized=True) / 2

    def between(self, lower, upper):
        """P(lower < Z < upper)."""
        low, high = ((z - self.loc) / self.scale for z in (lower, upper))
        if low >= 0:
            return self.tail(low) - self.tail(high)
        if high <= 0:
            return self.tail(-high) - self.tail(-low)
        return 1 - self.tail(-low) - self.tail(high)

    def cdf(self, y):
        return self.between(self.ends[0], self.forward(mp.mpf(y))) / self.mass

    def sf(self, y):
        return self.between(self.forward(mp.mpf(y)), self.ends[1]) / self.mass

    @classmethod
    def of_more_digits(cls, name, family):
        """So many that a difference of 1e-100 keeps fifty."""
        with mp.workdps(DIGITS_OF_DIFFERENCES):
            return cls(name, family)

    def pdf(self, y):
        y = mp.mpf(y)
        slope = mp.diff(self.forward, y, h=abs(y) * mp.mpf("1e-30"))
        return self.density_of_z(self.forward(y)) * slope / self.mass

    def expectation(self, function, *at):
        lower, upper = self.ends
        around = [self.loc + k * self.scale for k in (-9, -3, -1, 0, 1, 3, 9)]
        # Geometrically toward finite ends, where y may have a pole.
        toward = []
        for end in (lower, upper):
            if mp.isfinite(end):
                sign = 1 if end == lower else -1
                near = self.scale * mp.mpf(10)
                toward += [end + sign * near ** mp.mpf(-k) for k in (8, 4, 2, 1)]
            else:
                sign = -1 if end == lower else 1
                toward += [self.loc + sign * self.scale * k for k in (40, 300, 10**4)]
        points = {*around, *toward, *self.kinks, *(self.forward(mp.mpf(y)) for y in at)}
        points = sorted(z for z in points if lower < z < upper)

        def integrand(z):
            if not lower < z < upper:
                return mp.mpf(0)
            y = self.inverse(z)
            if not mp.isfinite(y) or isinstance(y, mp.mpc):  # z rounded to its end
                return mp.mpf(0)
            return function(y) * self.density_of_z(z)

        return mp.quad(integrand, [lower, *points, upper], maxdegree=7) / self.mass


@cache
def exact(name, family):
    return Exact(name, family)


@cache
def exact_in_the_tails(name, family):
    return Exact.of_more_digits(name, family)


@pytest.fixture
def more_digits():
    with mp.workdps(DIGITS_OF_DIFFERENCES):
        yield


# In the middle, and as far out as doubles tell the values of y apart.
TAILS = (1e-100, 1e-30, 1e-12, 1e-6, 1e-2, 0.3)


def probes(ours):
    """Values of y at tail probabilities, of both sides."""
    y = np.unique([float(f(q)[0]) for f in (ours.ppf, ours.isf) for q in TAILS])
    low, high = ours.support()
    return y[(y > low[0]) & (y < high[0]) & (np.abs(y) < 1e300) & (np.abs(y) > 1e-300)]


@pytest.mark.usefixtures("more_digits")
@every_family
@every_case
def test_probabilities(name, family):
    truth = exact_in_the_tails(name, family)
    ours = truth.ours
    # Where the range is clipped, u = 1e-7 in doubles resolves no smaller ones.
    smallest = 1e-9 if name == "quantiles, normal" else 0.0
    for y in probes(ours):
        if min(truth.cdf(y), truth.sf(y)) < smallest:
            continue
        for method, number in (("cdf", truth.cdf(y)), ("sf", truth.sf(y))):
            log = float(mp.log(number))
            found = getattr(ours, f"log{method}")(y)[0]
            # Relative to the probability: an error of its logarithm.
            assert found == pytest.approx(log, rel=RTOL, abs=RTOL)
            if log > -650.0:
                found = getattr(ours, method)(y)[0]
                assert found == pytest.approx(float(number), rel=RTOL)


@pytest.mark.usefixtures("more_digits")
@every_family
@every_case
def test_densities(name, family):
    truth = exact_in_the_tails(name, family)
    for y in probes(truth.ours):
        log = float(mp.log(truth.pdf(y)))
        assert truth.ours.logpdf(y)[0] == pytest.approx(log, rel=RTOL, abs=RTOL)
        if abs(log) < 650.0:
            assert truth.ours.pdf(y)[0] == pytest.approx(np.exp(log), rel=1e-9)


@pytest.mark.usefixtures("more_digits")
@every_family
@every_case
def test_quantiles(name, family):
    """The probability at the quantile, less what rounding y changes, is q."""
    truth = exact_in_the_tails(name, family)
    for method, inverse in (("cdf", "ppf"), ("sf", "isf")):
        for q in TAILS:
            y = float(getattr(truth.ours, inverse)(q)[0])
            if not 1e-300 < abs(y) < 1e300:
                continue
            low, high = sorted(
                mp.mpf(y) * (1 + sign * mp.mpf(RTOL)) for sign in (-1, 1)
            )
            ends = sorted(
                getattr(truth, method)(side)
                for side in (low, high)
                if self_contains(truth, side)
            )
            if len(ends) == 2:
                assert ends[0] <= mp.mpf(q) <= ends[1]


def self_contains(truth, y):
    try:
        z = truth.forward(y)
    except (ValueError, ZeroDivisionError):
        return False
    return not isinstance(z, mp.mpc) and truth.ends[0] < z < truth.ends[1]


@every_family
@every_case
def test_moments(name, family):
    truth = exact(name, family)
    lower, upper = getattr(truth.ours, "tail_indices", (np.inf, np.inf))
    order = min(float(lower[0]), float(upper[0])) if np.ndim(lower) else np.inf
    if order > 1:
        mean = truth.expectation(lambda y: y)
        assert truth.ours.mean()[0] == pytest.approx(float(mean), rel=RTOL)
    if order > 2.2:  # nearer to 2 the reference itself does not converge
        var = truth.expectation(lambda y: (y - mean) ** 2)
        assert truth.ours.var()[0] == pytest.approx(float(var), rel=RTOL)
        assert truth.ours.std()[0] == pytest.approx(float(mp.sqrt(var)), rel=RTOL)


@every_family
@every_case
def test_crps(name, family):
    truth = exact(name, family)
    if np.isinf(crps_loss(np.atleast_1d(truth.ours.median()), truth.ours)):
        return
    for q in (0.2,):
        y = float(truth.ours.ppf(q)[0])

        def beyond(value, y=y):
            side = truth.cdf(value) if value < y else truth.sf(value)
            return abs(value - y) * side

        expected = 2 * truth.expectation(beyond, y)
        assert crps_loss([y], truth.ours) == pytest.approx(float(expected), rel=RTOL)
