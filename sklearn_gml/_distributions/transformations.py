"""Strictly monotone maps of a target, and how to recognise scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

# Of a power: the logarithm of the largest number, 710, times this is a rounding error.
SMALLEST_EXPONENT = 1e-19


class Point(NamedTuple):
    """Values z with their distances to the ends of an interval.

    Where z is near an end, the distance has digits that z has lost. The distance to an
    infinite end is infinite.
    """

    z: Any
    below: Any  # z - lower
    above: Any  # upper - z


@dataclass(frozen=True, eq=False)
class Transformation:
    """A strictly monotone map z = g(y), from an interval onto an interval.

    Every number may be an array with one entry a target.

    Attributes
    ----------
    forward, inverse : callable
        g and its inverse.
    log_derivative : callable
        log |g'(y)|.
    domain : tuple
        Open interval of y.
    range : tuple
        Open interval of z.
    growth : tuple
        How fast |y| grows toward the two ends of the range: the exponent of z, or of
        1/(distance to the end) where the end is finite. It decides which moments of
        y exist.
    increasing : bool or ndarray of bool
    distances : callable or None
        The distances of g(y) to the two ends of the range, ``(z - lower, upper - z)``,
        from y; by default from z, which is exact for an end at zero.
    inverse_of_distances : pair of callable, or None
        y from the distance to the lower end, and to the upper end. Used where that is
        less than half the size of the end.
    kinks : tuple of float or ndarray
        Values of z where a derivative of the inverse jumps.
    """

    forward: Callable
    inverse: Callable
    log_derivative: Callable
    domain: tuple = (-np.inf, np.inf)
    range: tuple = (-np.inf, np.inf)
    growth: tuple = (1.0, 1.0)
    increasing: Any = True
    distances: Callable | None = None
    inverse_of_distances: tuple[Callable, Callable] | None = None
    kinks: tuple = ()

    def contains(self, y: Any) -> NDArray[np.bool_]:
        """Whether y has an image."""
        return (y > self.domain[0]) & (y < self.domain[1])

    def locate(self, y: Any) -> Point:
        """g(y) with its distances to the ends of the range."""
        z = self.forward(y)
        distances = self.distances(y) if self.distances else (None, None)
        return point_at(z, self.range, *distances)

    def place(self, point: Point) -> Any:
        """The inverse of g, from the distance to an end where that is near."""
        y = self.inverse(point.z)
        if self.inverse_of_distances is None:
            return y
        (lower, upper), (from_lower, from_upper) = self.range, self.inverse_of_distances
        for end, distance, inverse in (
            (lower, point.below, from_lower),
            (upper, point.above, from_upper),
        ):
            near = np.isfinite(end) & (distance < 0.5 * np.abs(end))
            if np.any(near):
                y = np.where(near, inverse(np.where(near, distance, 1.0)), y)
        return y


def point_at(z: Any, ends: tuple, below: Any = None, above: Any = None) -> Point:
    """A point with its distances to the ends, from z where they are not given."""
    lower, upper = ends
    with np.errstate(invalid="ignore"):
        if below is None:
            below = np.where(np.isinf(lower), np.inf, np.subtract(z, lower))
        if above is None:
            above = np.where(np.isinf(upper), np.inf, np.subtract(upper, z))
    return Point(z, below, above)


# Functions with names, and not lambdas, let a distribution be pickled.


def _affine(scale, shift, y):
    return scale * y + shift


def _affine_inverse(scale, shift, z):
    return (z - shift) / scale


def _affine_log_derivative(scale, y):
    return np.log(np.abs(scale)) + np.zeros(np.shape(y))


class Affine(Transformation):
    """z = scale * y + shift."""

    def __init__(self, scale=1.0, shift=0.0):
        scale, shift = np.broadcast_arrays(_per_target(scale), _per_target(shift))
        super().__init__(
            partial(_affine, scale, shift),
            partial(_affine_inverse, scale, shift),
            partial(_affine_log_derivative, scale),
            increasing=scale > 0,
        )
        object.__setattr__(self, "scale", scale)
        object.__setattr__(self, "shift", shift)


class AfterAffine:
    """z = g(scale * y + shift), for any transformation g.

    One transformation in place of two, so that distances to the ends and kinks of the
    inverse are carried on.
    """

    def __init__(self, inner: Any, affine: Affine):
        self.inner, self.affine = inner, affine
        self.range, self.growth, self.kinks = inner.range, inner.growth, inner.kinks
        self.increasing = np.equal(inner.increasing, affine.scale > 0)
        ends = [affine.inverse(end) for end in inner.domain]
        self.domain = np.minimum(*ends), np.maximum(*ends)

    def contains(self, y: Any) -> Any:
        """Whether y has an image."""
        return self.inner.contains(self.affine.forward(y))

    def locate(self, y: Any) -> Point:
        """The image of y with its distances to the ends of the range."""
        return self.inner.locate(self.affine.forward(y))

    def place(self, point: Point) -> Any:
        """The inverse."""
        return self.affine.inverse(self.inner.place(point))

    def log_derivative(self, y: Any) -> Any:
        """Logarithm of the size of the derivative."""
        inner = self.inner.log_derivative(self.affine.forward(y))
        return inner + self.affine.log_derivative(y)


def _per_target(values):
    """A scalar for one target, so that it meets y of shape (n,) as well as (n, 1)."""
    values = np.asarray(values, dtype=np.float64)
    return values.reshape(()) if values.size == 1 else values


def _log_log_derivative(y):
    return -np.log(y)


def _logit_log_derivative(y):
    return -np.log(y) - np.log1p(-y)


def _arcsinh_log_derivative(y):
    # hypot, because the square of a large y overflows.
    return -np.log(np.hypot(1.0, y))


def _cube(z):
    return z**3


def _cube_root_log_derivative(y):
    return -np.log(3.0) - 2.0 / 3.0 * np.log(np.abs(y))


LOG = Transformation(
    np.log, np.exp, _log_log_derivative, domain=(0.0, np.inf), growth=(0.0, np.inf)
)
EXP = Transformation(
    np.exp, np.log, np.positive, range=(0.0, np.inf), growth=(0.0, 0.0)
)
LOGIT = Transformation(
    special.logit,
    special.expit,
    _logit_log_derivative,
    domain=(0.0, 1.0),
    growth=(0.0, 0.0),
)
ARCSINH = Transformation(
    np.arcsinh, np.sinh, _arcsinh_log_derivative, growth=(np.inf, np.inf)
)
CUBE_ROOT = Transformation(np.cbrt, _cube, _cube_root_log_derivative, growth=(3.0, 3.0))


def _quietly(function):
    """Without warnings of elements that are not used."""
    return partial(_call_quietly, function)


def _call_quietly(function, *arguments):
    with np.errstate(all="ignore"):
        return function(*arguments)


def _box_cox(exponent, y):
    return special.boxcox(y, exponent)


def _box_cox_inverse(exponent, z):
    return special.inv_boxcox(z, exponent)


def _box_cox_log_derivative(exponent, y):
    return (exponent - 1.0) * np.log(y)


def _box_cox_distances(exponent, y):
    """To the finite end -1/exponent: y^exponent / |exponent|."""
    distance = np.power(y, exponent) / np.abs(exponent)
    return (
        np.where(exponent > 0, distance, np.inf),
        np.where(exponent < 0, distance, np.inf),
    )


def _box_cox_of_distance(exponent, distance):
    return np.power(np.abs(exponent) * distance, 1.0 / exponent)


def _exponent(values):
    """By target; zero where no y is large enough to tell the power from a logarithm."""
    values = _per_target(values)
    return np.where(np.abs(values) < SMALLEST_EXPONENT, 0.0, values)


def box_cox(exponent):
    """(y^exponent - 1) / exponent for y > 0, the logarithm at exponent 0."""
    exponent = _exponent(exponent)
    with np.errstate(divide="ignore"):
        end = -1.0 / exponent
        growth = 1.0 / np.abs(exponent)
    return Transformation(
        partial(_box_cox, exponent),
        partial(_box_cox_inverse, exponent),
        partial(_box_cox_log_derivative, exponent),
        domain=(0.0, np.inf),
        range=(
            np.where(exponent > 0, end, -np.inf),
            np.where(exponent < 0, end, np.inf),
        ),
        growth=(0.0, growth),
        distances=partial(_quietly(_box_cox_distances), exponent),
        inverse_of_distances=(partial(_quietly(_box_cox_of_distance), exponent),) * 2,
    )


def _mirrored(function, exponent, values):
    """Function of the size above zero; mirrored, with 2 - exponent, below."""
    size = np.abs(values)
    with np.errstate(all="ignore"):  # of the half that is not taken
        below, above = -function(size, 2.0 - exponent), function(size, exponent)
    return np.where(values < 0, below, above)


def _yeo_johnson_log_derivative(exponent, y):
    return (exponent - 1.0) * np.sign(y) * np.log1p(np.abs(y))


def _yeo_johnson_distances(exponent, y):
    """To the finite ends 1 / (2 - exponent) and -1 / exponent.

    On the side of zero where the end lies, (1 + |y|)^power / |power|; on the other, the
    size of the end and that of z add up.
    """
    lower, upper = 1.0 / (2.0 - exponent), -1.0 / exponent
    z = _mirrored(special.boxcox1p, exponent, y)
    size = 1.0 + np.abs(y)
    below = np.where(y < 0, np.power(size, 2.0 - exponent) * -lower, z - lower)
    above = np.where(y > 0, np.power(size, exponent) * upper, upper - z)
    return (
        np.where(exponent > 2, below, np.inf),
        np.where(exponent < 0, above, np.inf),
    )


def _yeo_johnson_of_lower_distance(exponent, distance):
    return 1.0 - np.power((exponent - 2.0) * distance, 1.0 / (2.0 - exponent))


def _yeo_johnson_of_upper_distance(exponent, distance):
    return np.power(-exponent * distance, 1.0 / exponent) - 1.0


def yeo_johnson(exponent):
    """Box-Cox of 1 + y above zero, mirrored with 2 - exponent below (Yeo 2000)."""
    exponent = _exponent(exponent)
    with np.errstate(divide="ignore"):
        upper, lower = -1.0 / exponent, 1.0 / (2.0 - exponent)
        growth = 1.0 / np.abs(2.0 - exponent), 1.0 / np.abs(exponent)
    return Transformation(
        partial(_mirrored, special.boxcox1p, exponent),
        partial(_mirrored, special.inv_boxcox1p, exponent),
        partial(_yeo_johnson_log_derivative, exponent),
        range=(
            np.where(exponent > 2, lower, -np.inf),
            np.where(exponent < 0, upper, np.inf),
        ),
        growth=growth,
        distances=partial(_quietly(_yeo_johnson_distances), exponent),
        inverse_of_distances=(
            partial(_quietly(_yeo_johnson_of_lower_distance), exponent),
            partial(_quietly(_yeo_johnson_of_upper_distance), exponent),
        ),
        kinks=(0.0,),
    )


# The function alone says what the transformation is. Whether the inverse agrees is
# checked later, where the distribution says at which values it has to.
FUNCTIONS = {
    None: (),
    np.log: (LOG,),
    np.log1p: (Affine(shift=1.0), LOG),
    np.log2: (LOG, Affine(1.0 / np.log(2.0))),
    np.log10: (LOG, Affine(1.0 / np.log(10.0))),
    np.exp: (EXP,),
    np.expm1: (EXP, Affine(shift=-1.0)),
    np.sqrt: (box_cox(0.5), Affine(0.5, 1.0)),
    np.cbrt: (CUBE_ROOT,),
    np.arcsinh: (ARCSINH,),
    np.negative: (Affine(-1.0),),
    special.logit: (LOGIT,),
}


def _of_function(transformer):
    arguments = transformer.kw_args, transformer.inv_kw_args
    return None if any(arguments) else FUNCTIONS.get(transformer.func)


def _of_standard_scaler(transformer):
    scale = 1.0 if transformer.scale_ is None else transformer.scale_
    shift = 0.0 if not transformer.with_mean else transformer.mean_
    return (Affine(1.0 / np.asarray(scale), -np.asarray(shift) / scale),)


def _of_robust_scaler(transformer):
    scale = transformer.scale_ if transformer.with_scaling else 1.0
    shift = transformer.center_ if transformer.with_centering else 0.0
    return (Affine(1.0 / np.asarray(scale), -np.asarray(shift) / scale),)


def _of_min_max_scaler(transformer):
    return (Affine(transformer.scale_, transformer.min_),)


def _of_max_abs_scaler(transformer):
    return (Affine(1.0 / transformer.scale_),)


def _of_power_transformer(transformer):
    power = {"box-cox": box_cox, "yeo-johnson": yeo_johnson}[transformer.method]
    steps = (power(transformer.lambdas_),)
    if transformer.standardize:
        steps += _of_standard_scaler(transformer._scaler)
    return steps


# Of exactly these types: a subclass may transform in its own way.
TRANSFORMERS = {
    FunctionTransformer: _of_function,
    StandardScaler: _of_standard_scaler,
    RobustScaler: _of_robust_scaler,
    MinMaxScaler: _of_min_max_scaler,
    MaxAbsScaler: _of_max_abs_scaler,
    PowerTransformer: _of_power_transformer,
}


def leaves(transformer):
    """The transformers of a fitted, possibly nested, pipeline in their order."""
    if not isinstance(transformer, Pipeline):
        return [transformer]
    steps = [step for _, step in transformer.steps if step not in (None, "passthrough")]
    return [leaf for step in steps for leaf in leaves(step)]


def known_steps(transformer):
    """The transformations that make up a fitted transformer, None if unknown."""
    recognise = TRANSFORMERS.get(type(transformer))
    # Clipped values have no way back: not one of the maps above.
    if recognise is None or getattr(transformer, "clip", False):
        return None
    return recognise(transformer)


def growth(transformer):
    """How fast |y| grows with z where z is unbounded: the largest exponent.

    Infinite for an exponential function. One for transformations that are not
    recognised: of these it is not known.
    """
    fastest = 1.0
    for leaf in leaves(transformer):
        steps = known_steps(leaf) or ()
        for step in steps:
            for end, exponent in zip(step.range, step.growth, strict=True):
                unbounded = np.where(np.isinf(end), exponent, 1.0)
                fastest = max(fastest, float(np.max(unbounded)))
    return fastest
