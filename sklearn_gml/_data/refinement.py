r"""One Newton step with the digits that double precision has lost.

With T the covariance root at hand and B the parameters found, the rows are read
once more for the whitened columns :math:`W = [1\ X]\,T` and
the residuals :math:`r = y - [1\ X]\,B`, both in doubled precision. T need not
be accurate: whatever it is, the model in the coordinates B + T u is the same
model. But in those coordinates the information is nearly the identity, so that
nothing is lost in solving for u, and

.. math::

    u = (W'W)^{-1} W'r, \qquad B \leftarrow B + T u, \qquad
    |r|^2 \leftarrow |r|^2 - |(W'W)^{1/2} u|^2,

while :math:`T (W'W)^{-1/2}` is the covariance root to all its digits. It does
the work of iterative refinement of the augmented system
(Bjoerck 1967) and also corrects the factor, which standard errors need.

Parameters far smaller than their standard errors come out of the cancellation
of W'r itself. For them the gradient is taken in doubled precision throughout.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from .._linalg.doubled import matmul_doubled, matmul_pair, two_product, two_sum
from .._linalg.triangular import EPS, invert_upper, solve_upper

# Cancellation up to here leaves fourteen digits of a double, because rounding
# errors average; beyond, products with the rows are taken in doubled precision.
DOUBLED_CANCELLATION = 2.0**8

# A step that takes away most of the squares has cancelled their digits, and the next
# starts nearer. Two are enough up to condition numbers of 1e15; the pass after a step
# judges it.
MAX_PASSES = 5

# Parameters nearer to zero than this many standard errors deserve a gradient in
# doubled precision. The step before left an error of a few eps standard errors.
SMALL_PARAMETER = 2.0**-4


class Refined(NamedTuple):
    """What :func:`refine` finds.

    Attributes
    ----------
    mean : ndarray of shape (q, t)
    squares : ndarray of shape (t,)
        ``|r|^2 + penalty |mean|^2`` at the maximum.
    excess : ndarray of shape (t,)
        By how much the squares are larger at ``mean``, which float64 has rounded.
    covariance_root : ndarray of shape (q, q)
    """

    mean: np.ndarray
    squares: np.ndarray
    excess: np.ndarray
    covariance_root: np.ndarray


def refine(rows, mean, covariance_root, *, penalty, cancellation):
    """Parameters, squares and covariance root, each to the digits of float64.

    Every step is judged by a pass over the rows at the parameters that it leads to,
    and taken back for targets whose gradient has not become smaller in the metric of
    the inverse information.

    Parameters
    ----------
    rows : Rows
    mean : ndarray of shape (q, t)
        Parameters of the mean, the intercept first if q = p + 1.
    covariance_root : ndarray of shape (q, q)
        Root of the covariance of the mean, sigma aside.
    penalty : ndarray of shape (q, 1)
        Prior precision of each parameter.
    cancellation : float
        How much larger than its result a product with one of both is.

    Returns
    -------
    Refined, or None if double precision has no covariance root.
    """
    q, pull = len(mean), np.sqrt(penalty)
    # Rounded to float64, parameters leave a gradient of this square, and no step from
    # there is better than another.
    rounded = (EPS * cancellation) ** 2
    white, best = covariance_root, mean
    excess = squares = np.full(mean.shape[1], np.inf)
    for n_passes in range(1, MAX_PASSES + 1):
        products = _whitened_products(rows, white, mean, cancellation)
        prior = np.hstack([pull * white, -pull * mean])
        products += prior.T @ prior
        upper, failed = lapack.dpotrf(products[:q, :q], clean=True)
        if failed:
            # Collinear to all digits of float64: there is nothing to gain.
            return None
        along = solve_upper(upper, products[:q, q:], transposed=True)
        before, gained = np.diagonal(products)[q:], np.sum(along**2, axis=0)
        better = gained < np.maximum(excess, rounded * before)
        best = np.where(better, mean, best)
        squares = np.where(better, np.maximum(before - gained, 0.0), squares)
        excess = np.where(better, gained, excess)
        step = white @ solve_upper(upper, along)
        white = white @ invert_upper(upper)
        arrived = n_passes > 1 and np.all(gained <= rounded * before)
        if arrived or not better.any():
            break
        mean = np.where(better, mean + step, best)
    error = np.linalg.norm(white, axis=1)[:, None] * np.sqrt(squares / rows.n_samples)
    if np.any(np.abs(best) < SMALL_PARAMETER * error):
        best = _polish(rows, best, white, penalty, rounded * squares)
    return Refined(best, squares, excess, white)


def _polish(rows, mean, covariance_root, penalty, rounded):
    """Newton steps until the parameters no longer move.

    For each target, as long as its gradient becomes smaller in the metric of the
    inverse information, down to what rounding the parameters leaves.
    """
    best, smallest = mean, np.full(mean.shape[1], np.inf)
    for _ in range(MAX_PASSES):
        gradient = _doubled_gradient(rows, mean) - penalty * mean
        along = covariance_root.T @ gradient
        size = np.sum(along**2, axis=0)
        better = size < np.maximum(smallest, rounded)
        best = np.where(better, mean, best)
        smallest = np.where(better, size, smallest)
        step = np.where(better, covariance_root @ along, 0.0)
        if np.all(np.abs(step) <= EPS * np.abs(mean)):
            break
        mean = mean + step
    return best


def _doubled_gradient(rows, mean):
    """``[1 X]' w (y - [1 X] mean)``, rounded once."""
    q, n_targets = mean.shape
    first = 1 + rows.n_features - q
    maps = np.vstack([-mean, np.eye(n_targets)])
    high = low = np.zeros_like(mean)
    for block, weight in rows.exact_blocks():
        residual, rest = matmul_pair(block[:, first:], maps, 1.0 / EPS)
        if weight is not None:
            residual, error = two_product(residual, weight)
            rest = rest * weight + error
        design = np.ascontiguousarray(block[:, first : first + q].T)
        part, correction = matmul_pair(design, residual, 1.0 / EPS)
        high, error = two_sum(high, part)
        low = low + error + correction + design @ rest
    return high + low


def _whitened_products(rows, covariance_root, mean, cancellation):
    """``[W r]' [W r]`` summed over the weighted rows."""
    size = covariance_root.shape[1] + mean.shape[1]
    products = np.zeros((size, size))
    for white, weight in whitened_blocks(rows, covariance_root, mean, cancellation):
        if weight is not None:
            white *= np.sqrt(weight)
        products += white.T @ white
    return products


def whitened_blocks(rows, covariance_root, mean, cancellation):
    """``([W r], w or None)`` block by block: whitened columns and residuals.

    In doubled precision where ``cancellation`` requires it.
    """
    (q, n_white), n_targets = covariance_root.shape, mean.shape[1]
    first = 1 + rows.n_features - q
    maps = np.zeros((q + n_targets, n_white + n_targets))
    maps[:q, :n_white], maps[:q, n_white:] = covariance_root, -mean
    maps[q:, n_white:] = np.eye(n_targets)
    doubled = cancellation >= DOUBLED_CANCELLATION
    for block, weight in rows.exact_blocks():
        design = block[:, first:]
        if doubled:
            yield matmul_doubled(design, maps, cancellation), weight
        else:
            yield design @ maps, weight
