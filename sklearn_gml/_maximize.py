"""Maximisers that know nothing of regression.

Both work on any objective that has ``start``, ``value``, ``gradient``,
``information``, ``newton_step``, ``settle``, ``resolution``, ``free`` and
``lower``. ``settle`` puts the parameters that have a closed form at their
maximum given the others, and ``free`` is the mask of those others.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize

# A step is halved at most so often: 2**-30 of a Newton step changes nothing
# that matters, and an objective that still falls has a wrong gradient.
MAX_HALVINGS = 30


# L-BFGS ends where its line search cannot tell values apart any more, and that
# leaves a gain of some tens of their resolution.
VALUE_MARGIN = 100.0


@dataclass(frozen=True, eq=False)
class Solution:
    """Where a maximiser stopped, and why.

    Attributes
    ----------
    theta : ndarray
    value : float
        The objective at theta.
    n_iter : int
        Steps taken.
    distance : float
        Estimated distance from the maximum, in standard errors: the norm of
        the gradient in the metric of the inverse information.
    converged : bool
    message : str
        Why it stopped and, if it did not converge, what to try.
    """

    theta: np.ndarray
    value: float
    n_iter: int
    distance: float
    converged: bool
    message: str


def maximize_newton(objective, *, max_iter, tol):
    """Newton steps, halved while they would lower the objective.

    Stops where the next step is predicted to gain no more than
    ``tol**2 / 2``, which is a distance of ``tol`` standard errors from the
    maximum, or no more than the arithmetic can tell.
    """
    theta = objective.start
    for n_iter in range(max_iter + 1):
        step = objective.newton_step(theta)
        gain = 0.5 * float(np.sum(objective.gradient(theta) * step))
        converged = gain <= max(0.5 * tol**2, objective.resolution(theta))
        if converged or n_iter == max_iter:
            break
        theta = _uphill(objective, theta, step)
    distance = np.sqrt(2.0 * max(gain, 0.0))
    message = (
        f"converged after {n_iter} Newton steps"
        if converged
        else f"not converged after max_iter={max_iter} Newton steps: the maximum is "
        f"still {distance:.2g} standard errors away; raise max_iter or try "
        "solver='lbfgs'"
    )
    return Solution(theta, objective.value(theta), n_iter, distance, converged, message)


def _uphill(objective, theta, step):
    lowest = objective.value(theta) - objective.resolution(theta)
    for halvings in range(MAX_HALVINGS):
        candidate = objective.settle(theta + step * 0.5**halvings)
        if objective.value(candidate) >= lowest:
            return candidate
    return theta


def maximize_lbfgs(objective, *, max_iter, tol):
    """L-BFGS-B of scipy over the free parameters, in rounds between settlements.

    Each round measures the parameters in units of their standard errors where
    it starts: the first brings the noise near its value, the next the rest to
    the digits that values can tell apart.
    """
    theta, n_iter = objective.start, 0
    while True:
        result = _lbfgs_round(objective, theta, max_iter - n_iter, tol)
        n_iter += result.nit
        before, theta = theta, objective.settle(_with_free(objective, theta, result.x))
        step = objective.newton_step(theta)
        gain = 0.5 * float(np.sum(objective.gradient(theta) * step))
        resolution = objective.resolution(theta)
        converged = gain <= max(0.5 * tol**2, VALUE_MARGIN * resolution)
        stuck = objective.value(theta) <= objective.value(before) + resolution
        if converged or stuck or n_iter >= max_iter:
            break
    distance = np.sqrt(2.0 * max(gain, 0.0))
    message = (
        f"converged after {n_iter} L-BFGS steps"
        if converged
        else f"not converged after {n_iter} L-BFGS steps ({result.message}): the "
        f"maximum is still {distance:.2g} standard errors away; raise max_iter, "
        "scale the columns of X, or use solver='newton'"
    )
    return Solution(theta, objective.value(theta), n_iter, distance, converged, message)


def _lbfgs_round(objective, theta, max_iter, tol):
    free = objective.free
    diagonal = np.diagonal(objective.information(theta), axis1=1, axis2=2).T[free]
    unit = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))

    def negative(scaled):
        candidate = _with_free(objective, theta, scaled * unit)
        gradient = objective.gradient(candidate)[free]
        return -objective.value(candidate), -gradient * unit

    result = optimize.minimize(
        negative,
        theta[free] / unit,
        jac=True,
        method="L-BFGS-B",
        bounds=optimize.Bounds(objective.lower[free] / unit),
        options={"maxiter": max_iter, "ftol": np.finfo(float).eps, "gtol": tol},
    )
    result.x = result.x * unit
    return result


def _with_free(objective, theta, values):
    changed = theta.copy()
    changed[objective.free] = values
    return changed
