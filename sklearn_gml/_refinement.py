r"""One Newton step with the digits that double precision has lost.

With T the root of the inverse information at hand and B the parameters found,
the rows are read once more for the whitened columns :math:`W = [1\ X]\,T` and
the residuals :math:`r = y - [1\ X]\,B`, both in doubled precision. T need not
be accurate: whatever it is, the model in the coordinates B + T u is the same
model. But in those coordinates the information is nearly the identity, so that
nothing is lost in solving for u, and

.. math::

    u = (W'W)^{-1} W'r, \qquad B \leftarrow B + T u, \qquad
    |r|^2 \leftarrow |r|^2 - |(W'W)^{1/2} u|^2,

while :math:`T (W'W)^{-1/2}` is the root of the inverse information to all its
digits. It does the work of iterative refinement of the augmented system
(Bjoerck 1967) and also corrects the factor, which standard errors need.
"""

import numpy as np
from scipy import linalg

from ._doubled import matmul_doubled
from ._linalg import solve_upper

# A step that takes away most of the squares has cancelled their digits, and the
# next starts nearer. Two are enough up to condition numbers of 1e15.
MAX_STEPS = 4
NEGLIGIBLE_SHARE = 0.1


def refine(rows, mean, root, *, penalty, cancellation):
    """Parameters, squares and information root, each to the digits of float64.

    Parameters
    ----------
    rows : Rows
    mean : ndarray of shape (q, t)
        Parameters of the mean, the intercept first if q = p + 1.
    root : ndarray of shape (q, q)
        Root of the inverse information, sigma aside.
    penalty : ndarray of shape (q, 1)
        Prior precision of each parameter.
    cancellation : float
        How much larger than its result a product with ``root`` or ``mean`` is.

    Returns
    -------
    mean : ndarray of shape (q, t)
    squares : ndarray of shape (t,)
        ``|r|^2 + penalty |mean|^2`` at the maximum.
    root : ndarray of shape (q, q)
    """
    q = len(mean)
    white = root
    for _ in range(MAX_STEPS):
        products = _whitened_products(rows, white, mean, cancellation)
        pull = np.sqrt(penalty)
        prior = np.hstack([pull * white, -pull * mean])
        products += prior.T @ prior
        upper = linalg.cholesky(products[:q, :q], check_finite=False)
        along = linalg.solve_triangular(
            upper, products[:q, q:], trans="T", check_finite=False
        )
        mean = mean + white @ solve_upper(upper, along)
        white = white @ solve_upper(upper, np.eye(q))
        before, gained = np.diagonal(products)[q:], np.sum(along**2, axis=0)
        if np.all(gained <= NEGLIGIBLE_SHARE * before):
            break
    return mean, np.maximum(before - gained, 0.0), white


def _whitened_products(rows, root, mean, cancellation):
    """``[W r]' [W r]`` summed over the weighted rows."""
    q, n_targets = mean.shape
    first = 1 + rows.n_features - q
    maps = np.zeros((q + n_targets, q + n_targets))
    maps[:q, :q], maps[:q, q:] = root, -mean
    maps[q:, q:] = np.eye(n_targets)
    products = np.zeros((q + n_targets, q + n_targets))
    for block, root_weight in rows.exact_blocks():
        white = matmul_doubled(block[:, first:], maps, cancellation)
        if root_weight is not None:
            white *= root_weight[:, None]
        products += white.T @ white
    return products
