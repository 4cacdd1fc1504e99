"""The distribution of a target of which a monotone transformation was modelled."""

import numpy as np
from scipy import stats
from sklearn.preprocessing import FunctionTransformer

from .numerical import NumericalTransformation
from .quadrature import quadrature
from .transformations import LOG, Affine, known_steps, leaves
from .truncated import Truncated

# Probabilities at which an inverse function is compared with the known one.
PROBES = np.array([0.01, 0.25, 0.5, 0.75, 0.99])


def batch_shape(distribution):
    """Shape of the array of distributions: () for one, (n,) or (n, t) for rows."""
    if not hasattr(distribution, "kwds"):
        if hasattr(distribution, "logpdf") and hasattr(distribution, "shape"):
            return distribution.shape
        raise TypeError(
            "distribution must be a frozen scipy distribution, such as "
            "scipy.stats.norm(loc, scale), or one from predict_dist, got "
            f"{type(distribution).__name__}."
        )
    parameters = (*distribution.args, *distribution.kwds.values())
    return np.broadcast_shapes(*(np.shape(values) for values in parameters))


def inverse_transformed(distribution, transformer):
    """The distribution of y, given that of ``transformer.transform(y)``.

    Parameters
    ----------
    distribution : frozen distribution of shape (n,) or (n, t)
    transformer : fitted scikit-learn transformer
        With ``inverse_transform``, acting on each target by itself. Logarithms,
        scalers, power transformations, and pipelines of these are recognised; of any
        other the derivative is taken numerically.

    Returns
    -------
    distribution
        scipy's ``norm``, ``t`` or ``lognorm`` where y has it, otherwise a
        :class:`TransformedDistribution`.

    Raises
    ------
    ValueError
        For a transformation that is not monotone, mixes targets, or is not undone by
        its inverse; for one that is not recognised, if nothing is known of a target in
        any row.
    """
    for leaf in reversed(leaves(transformer)):
        steps = known_steps(leaf)
        if steps is None:
            numerical = NumericalTransformation(leaf, distribution)
            distribution = TransformedDistribution(distribution, numerical)
            continue
        if type(leaf) is FunctionTransformer:
            _check_inverse(leaf, steps, distribution)
        for step in reversed(steps):
            distribution = _through(distribution, step)
    return distribution


def _check_inverse(transformer, steps, distribution):
    z = distribution.ppf(PROBES.reshape(-1, *(1 for _ in batch_shape(distribution))))
    z = z.reshape(-1, z.shape[-1] if z.ndim == 3 else 1)
    # Rows of which nothing is known have no quantiles.
    z = z[np.isfinite(z).all(axis=1)]
    if not len(z):
        return
    y = z
    inside = np.ones(z.shape, dtype=bool)
    for step in reversed(steps):
        inside &= (y > step.range[0]) & (y < step.range[1])
        y = np.where(inside, step.inverse(np.where(inside, y, 1.0)), np.nan)
    with np.errstate(all="ignore"):  # of values that the transformation never takes
        theirs = np.asarray(transformer.inverse_transform(z))
    # As exact as TransformedTargetRegressor asks for in its own check.
    if not np.allclose(theirs[inside], y[inside], rtol=1e-5):
        raise ValueError(
            f"inverse_func={transformer.inverse_func!r} is not the inverse of "
            f"func={transformer.func!r}: a distribution needs both."
        )


def _through(distribution, step):
    """One step back: scipy's own distribution if there is one."""
    family = getattr(getattr(distribution, "dist", None), "name", None)
    if family in ("norm", "t", "lognorm"):
        shapes, loc, scale = parameters_of(distribution)
        if isinstance(step, Affine) and (family != "lognorm" or np.all(step.scale > 0)):
            loc, scale = (loc - step.shift) / step.scale, scale / np.abs(step.scale)
            return distribution.dist(*shapes, loc=loc, scale=scale)
        if step is LOG and family == "norm":
            return stats.lognorm(s=scale, scale=np.exp(loc))
    return TransformedDistribution(distribution, step)


def parameters_of(distribution):
    """Shape parameters, loc and scale of a frozen scipy distribution."""
    return distribution.dist._parse_args(*distribution.args, **distribution.kwds)


class TransformedDistribution:
    r"""The distribution of y = g^-1(z), where z = g(y) has a known one.

    For a strictly monotone g the density is
    :math:`p_y(y) = p_z(g(y)) \, |g'(y)|`, which makes models of z and models of y
    comparable: both are densities per unit of y. Where y has no image the density is 0.

    Some transformations reach only part of the line: :math:`(y^\lambda - 1) / \lambda`
    is never below :math:`-1/\lambda` for y > 0, while a normal z may be. No y belongs
    to such a z (``inverse_transform`` gives NaN or the wrong branch), so that the
    distribution of y is that of z *given* that z is in the range: truncated and
    renormalised. The alternatives are a density that does not integrate to 1, as in
    Box and Cox (1964), or an atom at the end of the range; neither can be scored
    against other models. Where the model puts little mass beyond the range, as it
    should, the three agree.

    The methods are those of scipy's frozen distributions.

    Parameters
    ----------
    base : distribution
        That of z: frozen, from scipy or one of these, of shape (n,) or (n, t).
    transformation : Transformation or NumericalTransformation
    """

    def __init__(self, base, transformation):
        self.shape = batch_shape(base)
        self.transformation = transformation
        self._base_tails = tail_indices(base)
        lower, upper = transformation.range
        if np.any(np.isfinite(lower)) or np.any(np.isfinite(upper)):
            base = Truncated(base, lower, upper)
        self.base = base

    def _evaluate(self, y, function, below, above):
        """The function where y has an image; elsewhere the values at the ends."""
        y = np.asarray(y, dtype=np.float64)
        inside = self.transformation.contains(y)
        # Infinity is the answer at poles and where z grows beyond numbers.
        with np.errstate(over="ignore", divide="ignore"):
            if np.all(inside):
                return function(y)
            centre = self.median()
            values = function(np.where(inside, y, centre))
        outside = np.where(y < centre, below, above)
        values = np.where(inside, values, outside)
        return np.where(np.isnan(y) | np.isnan(centre), np.nan, values)

    def _toward(self, rising, falling):
        """One function of z or the other, by the direction of the transformation."""
        increasing = self.transformation.increasing
        if np.all(increasing):
            return rising
        if not np.any(increasing):
            return falling
        return lambda values: np.where(increasing, rising(values), falling(values))

    def logpdf(self, y):
        """Logarithm of the density, per unit of y."""
        g = self.transformation

        def density(y):
            return self.base.logpdf(g.forward(y)) + g.log_derivative(y)

        return self._evaluate(y, density, -np.inf, -np.inf)[()]

    def pdf(self, y):
        """Density, per unit of y."""
        return np.exp(self.logpdf(y))

    def _probability(self, y, rising, falling, below, above):
        of_z = self._toward(rising, falling)
        forward = self.transformation.forward
        return self._evaluate(y, lambda y: of_z(forward(y)), below, above)[()]

    def cdf(self, y):
        """Probability of a smaller value."""
        return self._probability(y, self.base.cdf, self.base.sf, 0.0, 1.0)

    def sf(self, y):
        """Probability of a larger value, exact where it is small."""
        return self._probability(y, self.base.sf, self.base.cdf, 1.0, 0.0)

    def logcdf(self, y):
        """Logarithm of ``cdf``, exact where it is small."""
        base = self.base
        return self._probability(y, base.logcdf, base.logsf, -np.inf, 0.0)

    def logsf(self, y):
        """Logarithm of ``sf``, exact where it is small."""
        base = self.base
        return self._probability(y, base.logsf, base.logcdf, 0.0, -np.inf)

    def ppf(self, q):
        """Quantiles, the inverse of ``cdf``."""
        return self._from_base(self._toward(self.base.ppf, self.base.isf)(q))

    def isf(self, q):
        """The inverse of ``sf``."""
        return self._from_base(self._toward(self.base.isf, self.base.ppf)(q))

    def _from_base(self, z):
        with np.errstate(over="ignore", divide="ignore"):  # infinity is the answer
            return self.transformation.inverse(z)[()]

    def median(self):
        """The value with as much probability below as above."""
        return self.ppf(0.5)

    def interval(self, confidence):
        """The central interval that holds this probability."""
        tail = (1.0 - np.asarray(confidence)) / 2.0
        return self.ppf(tail), self.isf(tail)

    def support(self):
        """The interval outside of which the density is 0."""
        return self.ppf(0.0), self.ppf(1.0)

    def rvs(self, size=None, random_state=None):
        """Random values, of shape ``size`` or one for each distribution."""
        size = self.shape if size is None else size
        return self._from_base(self.base.rvs(size=size, random_state=random_state))

    def mean(self):
        """Expectation of y, by quadrature; infinite where it does not exist."""
        lower, upper = self.tail_indices
        expectation = self._integral(lambda y: y, (lower > 1) & (upper > 1))
        diverging = np.where(
            (lower <= 1) & (upper <= 1), np.nan, np.where(lower <= 1, -np.inf, np.inf)
        )
        exists = (lower > 1) & (upper > 1)
        return self._where_known(np.where(exists, expectation, diverging))

    def var(self):
        """Variance of y, by quadrature; infinite where it does not exist."""
        exists = np.minimum(*self.tail_indices) > 2
        mean = np.where(np.isfinite(self.mean()), self.mean(), 0.0)
        variance = self._integral(lambda y: (y - mean) ** 2, exists)
        return self._where_known(np.where(exists, variance, np.inf))

    def std(self):
        """Standard deviation of y."""
        return np.sqrt(self.var())

    def _where_known(self, moments):
        return np.where(np.isnan(self.median()), np.nan, moments)[()]

    def _integral(self, function, exists):
        """Expectation of a function of y, over the probabilities of both halves."""

        def integrand(u):
            with np.errstate(over="ignore", invalid="ignore"):
                total = function(self.ppf(u)) + function(self.isf(u))
            return np.where(exists, total, 0.0)

        # An integral of zero, as of a symmetric distribution, has no relative error.
        with np.errstate(over="ignore", invalid="ignore"):
            typical = np.abs(function(self.ppf(0.1))) + np.abs(function(self.isf(0.1)))
        typical = np.where(exists, typical, 1.0)
        zero = np.zeros(self.shape)
        return quadrature(integrand, zero, zero + 0.5, typical)

    @property
    def tail_indices(self):
        """For both tails the order below which moments of y exist."""
        g = self.transformation
        ends = []
        for end, growth, index in zip(g.range, g.growth, self._base_tails, strict=True):
            index = np.where(np.isfinite(end), 1.0, index)
            with np.errstate(divide="ignore", invalid="ignore"):
                moments = index / np.asarray(growth, dtype=float)
            # Exponential growth takes all moments of a power law and none of a normal.
            ends.append(np.where(np.isinf(index) | (growth == 0), np.inf, moments))
        lower, upper = (np.broadcast_to(end, self.shape) for end in ends)
        increasing = g.increasing
        return np.where(increasing, lower, upper), np.where(increasing, upper, lower)


def tail_indices(distribution):
    """For both tails the order below which moments exist."""
    if isinstance(distribution, TransformedDistribution):
        return distribution.tail_indices
    if distribution.dist.name == "t":
        (freedom,), _, _ = parameters_of(distribution)
        return freedom, freedom
    return np.inf, np.inf
