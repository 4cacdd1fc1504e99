"""Maximisers of any objective; nothing here depends on regression.

Both work on any objective that has ``start`` and ``at(theta)``, points with their
``theta``, ``value``, ``gradient``, ``information_diagonal``, Newton ``step`` and the
``gain`` predicted for it; ``gain_floor`` and ``resolution`` say below which size a
gain and a difference in value are rounding errors, ``lengthens`` whether a longer
step may gain more, ``unbounded`` whether the solver has come to the end of arithmetic.
``settled(theta, before)`` is the point whose parameters with a closed form are at their
maximum given the others; it may use what a point before it knows. ``free(point)`` is
the mask of those others, ``lower`` are the bounds of theta and ``max_stalls`` is a
limit to patience. ``mean_weight`` is that of the rows: L-BFGS works per unit of weight.
"""

from dataclasses import dataclass
from itertools import count

import numpy as np
from scipy import optimize

# A step is halved at most so often: 2**-30 of a Newton step changes nothing
# that matters, and an objective that still falls has a wrong gradient.
MAX_HALVINGS = 30

# Where a longer step may gain more it is doubled while it does, at most so often.
MAX_DOUBLINGS = 8

# Newton's predicted gain falls to its square near a maximum, and chance leaves about
# a half for each parameter between the start and a maximum. A gain no larger than that
# which has hardly fallen three times in a row belongs to an objective without one.
STALL, MAX_STALLS = 0.9, 3

# A line search ends where it cannot tell values apart any more, and that leaves a gain
# of some tens of their resolution.
VALUE_MARGIN = 100.0

# Standard errors from a maximum at which that is an arrival: where no value is higher,
# and where the gain has stalled. Farther away values are too coarse to lead anywhere,
# or creep along a ridge without a maximum.
STUCK_WITHIN, STALLED_WITHIN = 1e-2, 1e-6


@dataclass(frozen=True, eq=False)
class Solution:
    """Where a maximiser stopped, and why.

    Attributes
    ----------
    point : object
        What the objective is at the last theta.
    n_iter : int
        Steps taken.
    converged : bool
    message : str
        Why it stopped and, if it did not converge, what to try.
    """

    point: object
    n_iter: int
    converged: bool
    message: str

    @property
    def distance(self):
        """Estimated distance from the maximum, in standard errors.

        The norm of the gradient in the metric of the inverse information.
        """
        return distance(self.point)


def distance(point):
    return float(np.sqrt(2.0 * max(point.gain, 0.0)))


def maximise_newton(objective, *, max_iter, tol, report=None):
    """Newton steps, halved while they would lower the objective.

    Stops where the next step is predicted to gain no more than
    ``tol**2 / 2``, which is a distance of ``tol`` standard errors from the
    maximum, or no more than the arithmetic can tell. ``report(point, n_iter)`` is
    called after each step.
    """
    point, stalled = objective.start, 0
    for n_iter in range(max_iter + 1):
        # Not before the first step: it is exact for a quadratic, however flat.
        converged = n_iter > 0 and (
            point.gain <= 0.5 * tol**2
            or point.gain <= point.gain_floor
            or (stalled >= MAX_STALLS and _is_rounding(point, STALLED_WITHIN))
        )
        hopeless = stalled == objective.max_stalls or point.unbounded
        if converged or hopeless or n_iter == max_iter:
            break
        before, point = point, _uphill(objective, point)
        if point is before:
            # No value along the step is higher: that is as far as values can tell.
            converged = _is_rounding(point, STUCK_WITHIN)
            break
        stalls = STALL * before.gain < point.gain < point.theta.size
        stalled = stalled + 1 if stalls else 0
        if report is not None:
            report(point, n_iter + 1)
    message = (
        f"converged after {n_iter} Newton steps"
        if converged
        else f"not converged after {n_iter} Newton steps (max_iter={max_iter}): the "
        f"maximum is still {distance(point):.2g} standard errors away; raise max_iter "
        "or try solver='lbfgs'"
    )
    return Solution(point, n_iter, converged, message)


def _is_rounding(point, within):
    """Whether values cannot show the gain, and the maximum is so near."""
    return point.gain <= min(VALUE_MARGIN * point.resolution, 0.5 * within**2)


def _uphill(objective, point):
    for halvings in range(MAX_HALVINGS):
        theta = point.theta + point.step * 0.5**halvings
        candidate = objective.settled(theta, before=point)
        lost = point.value - candidate.value
        if lost <= 0 or lost <= point.resolution:
            break
    else:
        return point
    if halvings or not point.lengthens:
        return candidate
    for doublings in range(1, 1 + MAX_DOUBLINGS):
        theta = point.theta + point.step * 2.0**doublings
        longer = objective.settled(theta, before=point)
        if not longer.value > candidate.value:
            break
        candidate = longer
    return candidate


@np.errstate(over="ignore", invalid="ignore")  # on the way to no maximum
def maximise_lbfgs(objective, *, max_iter, tol, report=None):
    """L-BFGS-B of scipy over the free parameters, in rounds between settlements.

    Each round measures the parameters in units of their standard errors where
    it starts: the first brings the noise near its value, the next the rest to
    the digits that values can tell apart. ``report(point, n_iter)`` is called after
    each step.
    """
    point, n_iter, steps = objective.start, 0, count(1)
    watched = None if report is None else lambda point: report(point, next(steps))
    while True:
        result = _lbfgs_round(objective, point, max_iter - n_iter, tol, watched)
        n_iter += result.nit
        before = point
        point = objective.settled(result.x)
        if not np.isfinite(point.value):
            # Values overflow on the way to a maximum that is not there.
            point = before
        enough = 0.5 * tol**2 * objective.mean_weight
        enough = max(enough, VALUE_MARGIN * point.resolution)
        converged = point.gain <= enough
        # Not comparable either, where values overflow.
        stuck = not point.value > before.value + point.resolution
        if converged or stuck or n_iter >= max_iter:
            break
    message = (
        f"converged after {n_iter} L-BFGS steps"
        if converged
        else f"not converged after {n_iter} L-BFGS steps ({result.message}): the "
        f"maximum is still {distance(point):.2g} standard errors away; raise "
        "max_iter, scale the columns of X, or use solver='newton'"
    )
    return Solution(point, n_iter, converged, message)


def _lbfgs_round(objective, start, max_iter, tol, report):
    free = objective.free(start)
    # Per unit of weight: scipy's first step and tolerance are not free of scale.
    weight = objective.mean_weight
    diagonal = start.information_diagonal[free] / weight
    unit = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))

    def negative(scaled):
        point = objective.at(_with_free(start.theta, free, scaled * unit))
        return -point.value / weight, -point.gradient[free] * unit / weight

    def after_step(intermediate_result):
        theta = _with_free(start.theta, free, intermediate_result.x * unit)
        report(objective.settled(theta))

    result = optimize.minimize(
        negative,
        start.theta[free] / unit,
        jac=True,
        method="L-BFGS-B",
        bounds=optimize.Bounds(objective.lower[free] / unit),
        callback=None if report is None else after_step,
        options={"maxiter": max_iter, "ftol": np.finfo(float).eps, "gtol": tol},
    )
    result.x = _with_free(start.theta, free, result.x * unit)
    return result


def _with_free(theta, free, values):
    changed = theta.copy()
    changed[free] = values
    return changed
