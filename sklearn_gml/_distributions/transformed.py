"""The distribution of a target of which a monotone transformation was modelled."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer

from .expectation import QuantilesOfTransformed, expectation
from .numerical import NumericalTransformation
from .parameters import batch_shape, parameters_of
from .quantile import QuantileMap
from .transformations import LOG, Affine, AfterAffine, known_steps, leaves
from .truncated import Truncated

# Probabilities at which an inverse function is compared with the known one.
PROBES = np.array([0.01, 0.25, 0.5, 0.75, 0.99])


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
        if type(leaf) is QuantileTransformer:
            distribution = TransformedDistribution(distribution, QuantileMap(leaf))
            continue
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
    # Rows whose distribution is NaN have no quantiles.
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
    # As exact as TransformedTargetRegressor requires in its own check.
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
    if isinstance(step, Affine) and isinstance(distribution, TransformedDistribution):
        both = AfterAffine(distribution.transformation, step)
        return TransformedDistribution(distribution.base, both)
    return TransformedDistribution(distribution, step)


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

    def __init__(self, base: Any, transformation: Any):
        self.shape = batch_shape(base)
        self.transformation = transformation
        self.base = base
        self._latent = Truncated(base, *transformation.range)

    def _evaluate(self, y: Any, function: Any, below: Any, above: Any) -> Any:
        """The function where y has an image; elsewhere the values at the ends."""
        y = np.asarray(y, dtype=np.float64)
        # Transformations of several targets need a value for each.
        y = np.broadcast_to(y, np.broadcast_shapes(y.shape, self.shape))
        inside = self.transformation.contains(y)
        # Infinity is the answer at poles and where z grows beyond numbers.
        with np.errstate(over="ignore", divide="ignore", under="ignore"):
            if np.all(inside):
                return function(y)[()]
            centre = self.median()
            values = function(np.where(inside, y, centre))
        outside = np.where(y < centre, below, above)
        values = np.where(inside, values, outside)
        return np.where(np.isnan(y) | np.isnan(centre), np.nan, values)[()]

    def _toward(self, rising: Any, falling: Any) -> Any:
        """One function of z or the other, by the direction of the transformation."""
        increasing = self.transformation.increasing
        if np.all(increasing):
            return rising
        if not np.any(increasing):
            return falling
        return lambda values: np.where(increasing, rising(values), falling(values))

    def logpdf(self, y: ArrayLike) -> Any:
        """Logarithm of the density, per unit of y."""
        g = self.transformation

        def density(y: Any) -> Any:
            return self._latent.logpdf(g.locate(y)) + g.log_derivative(y)

        return self._evaluate(y, density, -np.inf, -np.inf)

    def pdf(self, y: ArrayLike) -> Any:
        """Density, per unit of y."""
        with np.errstate(under="ignore"):
            return np.exp(self.logpdf(y))

    def _probability(
        self, y: Any, rising: Any, falling: Any, below: float, above: float
    ) -> Any:
        of_z = self._toward(rising, falling)
        locate = self.transformation.locate
        return self._evaluate(y, lambda y: of_z(locate(y)), below, above)

    def cdf(self, y: ArrayLike) -> Any:
        """Probability of a smaller value."""
        latent = self._latent
        return self._probability(y, latent.cdf, latent.sf, 0.0, 1.0)

    def sf(self, y: ArrayLike) -> Any:
        """Probability of a larger value, exact where it is small."""
        latent = self._latent
        return self._probability(y, latent.sf, latent.cdf, 1.0, 0.0)

    def logcdf(self, y: ArrayLike) -> Any:
        """Logarithm of ``cdf``, exact where it is small."""
        latent = self._latent
        return self._probability(y, latent.logcdf, latent.logsf, -np.inf, 0.0)

    def logsf(self, y: ArrayLike) -> Any:
        """Logarithm of ``sf``, exact where it is small."""
        latent = self._latent
        return self._probability(y, latent.logsf, latent.logcdf, 0.0, -np.inf)

    def ppf(self, q: ArrayLike) -> Any:
        """Quantiles, the inverse of ``cdf``; NaN where q is no probability."""
        return self._quantile(q, self._latent.ppf, self._latent.isf)

    def isf(self, q: ArrayLike) -> Any:
        """The inverse of ``sf``; NaN where q is no probability."""
        return self._quantile(q, self._latent.isf, self._latent.ppf)

    def _quantile(self, q: Any, rising: Any, falling: Any) -> Any:
        q = np.asarray(q, dtype=np.float64)
        q = np.broadcast_to(q, np.broadcast_shapes(q.shape, self.shape))

        def placed(of_z: Any) -> Any:
            return lambda q: self._placed(of_z(q))

        return self._toward(placed(rising), placed(falling))(q)[()]

    def _placed(self, point: Any) -> Any:
        with np.errstate(over="ignore", divide="ignore"):  # infinity is the answer
            return self.transformation.place(point)

    def median(self) -> Any:
        """The value with as much probability below as above."""
        return self.ppf(0.5)

    def interval(self, confidence: ArrayLike) -> tuple[Any, Any]:
        """The central interval that holds this probability."""
        confidence = np.asarray(confidence, dtype=np.float64)
        if np.any((confidence < 0) | (confidence > 1)):
            raise ValueError(
                f"confidence must be between 0 and 1, got {confidence[()]}."
            )
        tail = (1.0 - confidence) / 2.0
        return self.ppf(tail), self.isf(tail)

    def support(self) -> tuple[Any, Any]:
        """The interval outside of which the density is 0."""
        return self.ppf(0.0), self.ppf(1.0)

    def rvs(self, size: Any = None, random_state: Any = None) -> Any:
        """Random values, of shape ``size`` or one for each distribution."""
        size = self.shape if size is None else tuple(np.atleast_1d(size).astype(int))
        fits = len(size) >= len(self.shape) and all(
            ours in (1, theirs)
            for ours, theirs in zip(self.shape[::-1], size[::-1], strict=False)
        )
        if not fits:
            raise ValueError(
                f"size={size} does not fit distributions of shape {self.shape}: give "
                "that shape at the end of size."
            )
        uniform = stats.uniform.rvs(size=size, random_state=random_state)
        return self.ppf(uniform)

    def mean(self) -> Any:
        """Expectation of y, by quadrature; infinite where it does not exist."""
        lower, upper = self.tail_indices
        diverging = np.where(
            (lower <= 1) & (upper <= 1), np.nan, np.where(lower <= 1, -np.inf, np.inf)
        )
        exists = (lower > 1) & (upper > 1)
        return self._moment("mean", lambda y: y, exists, diverging)

    def var(self) -> Any:
        """Variance of y, by quadrature; infinite where it does not exist."""
        lower, upper = self.tail_indices
        exists = np.minimum(lower, upper) > 2
        mean = 0.0
        if np.any(exists):
            mean = self._moment("mean", lambda y: y, exists, 0.0, warn=False)
        return self._moment("var", lambda y: (y - mean) ** 2, exists, np.inf)

    def std(self) -> Any:
        """Standard deviation of y."""
        return np.sqrt(self.var())

    def _moment(
        self, name: str, function: Any, exists: Any, diverging: Any, warn: bool = True
    ) -> Any:
        median = self.median()
        unknown = np.isnan(median)
        lost = ~exists & ~unknown
        if warn and np.any(lost):
            warnings.warn(
                f"{name} is infinite or not defined in {np.count_nonzero(lost)} of "
                f"{lost.size} rows: the tails of z grow too fast under the inverse "
                "transformation. median, ppf and interval exist.",
                UserWarning,
                stacklevel=3,
            )
        if not np.any(exists & ~unknown):
            return np.where(unknown, np.nan, diverging)[()]

        def integrand(y: Any, below: Any, above: Any) -> Any:
            with np.errstate(over="ignore", invalid="ignore"):
                return np.where(exists, function(y), 0.0)

        # An integral of zero, as of a symmetric distribution, has no relative error.
        with np.errstate(over="ignore", invalid="ignore"):
            typical = np.abs(function(self.ppf(0.1))) + np.abs(function(self.isf(0.1)))
        typical = np.where(exists | unknown, typical, 1.0)
        value = expectation(self.quantiles(), integrand, name, typical=typical)
        return np.where(unknown, np.nan, np.where(exists, value, diverging))[()]

    def quantiles(self) -> QuantilesOfTransformed:
        """The tails of z, and their values of y, for integrals over them."""
        return QuantilesOfTransformed(self._latent, self.transformation)

    @property
    def tail_indices(self) -> tuple[Any, Any]:
        """For both tails the order below which moments of y exist."""
        g = self.transformation
        ends = []
        of_base = tail_indices(self.base)
        for end, growth, index in zip(g.range, g.growth, of_base, strict=True):
            index = np.where(np.isfinite(end), 1.0, index)
            with np.errstate(divide="ignore", invalid="ignore"):
                moments = index / np.asarray(growth, dtype=float)
            # Exponential growth takes all moments of a power law and none of a normal.
            ends.append(np.where(np.isinf(index) | (growth == 0), np.inf, moments))
        lower, upper = (np.broadcast_to(end, self.shape) for end in ends)
        increasing = g.increasing
        return np.where(increasing, lower, upper), np.where(increasing, upper, lower)


def tail_indices(distribution: Any) -> tuple[Any, Any]:
    """For both tails the order below which moments exist."""
    if isinstance(distribution, TransformedDistribution):
        return distribution.tail_indices
    if distribution.dist.name == "t":
        (freedom,), _, _ = parameters_of(distribution)
        return freedom, freedom
    return np.inf, np.inf
