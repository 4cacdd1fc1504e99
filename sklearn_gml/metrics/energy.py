"""The energy score of joint distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._distributions.multivariate import MultivariateNormal
from .scores import _checked, _mean

Array = NDArray[np.float64]

# Nodes of the integral over the logarithm of u. The integrand falls like exp(-|v|) on
# both sides and is analytic within pi / 2 of the line, so that the trapezoidal rule of
# this step is exact to rounding.
NODES = np.linspace(-40.0, 40.0, 641)


def energy_score(
    y_true: ArrayLike,
    distribution: Any,
    *,
    sample_weight: ArrayLike | None = None,
    n_draws: int = 500,
    random_state: Any = 0,
) -> float:
    r"""Mean energy score of joint distributions; lower is better.

    .. math::

        \mathrm{ES}(F, y) = E|Y - y| - \tfrac12 E|Y - Y'|

    with independent Y, Y' from F and Euclidean norms: the continuous ranked
    probability score of several targets. It is proper, in units of y, and sensitive to
    the correlations of the targets, if less so than the log-likelihood. Targets of
    different units should be brought to one first.

    Parameters
    ----------
    y_true : array-like of shape (n, t)
        What happened.
    distribution : joint distribution
        From :func:`~sklearn_gml.predict_dist` of a model with ``covariance="full"``,
        or anything with ``shape``, ``logpdf`` and ``rvs(size, random_state)`` like
        :class:`~sklearn_gml.MultivariateNormal`.
    sample_weight : array-like of shape (n,), optional
        Frequencies of the rows.
    n_draws : int, default=500
        Draws for distributions other than the normal.
    random_state : int, RandomState or None, default=0
        Source of the draws.

    Returns
    -------
    float
        Mean over the rows.

    Raises
    ------
    TypeError
        If the distribution is not a joint one.
    ValueError
        As :func:`loglik_score`.

    Notes
    -----
    For the normal distribution it is an integral over one variable, exact to rounding:
    :math:`E|Z| = \pi^{-1/2} \int_0^\infty (1 - E e^{-u^2 |Z|^2}) \, u^{-2} du`. For
    others it is estimated from draws, without bias.

    References
    ----------
    .. [1] Gneiting and Raftery (2007), "Strictly proper scoring rules, prediction, and
       estimation", Journal of the American Statistical Association 102(477).

    Examples
    --------
    >>> from sklearn_gml import MultivariateNormal
    >>> from sklearn_gml.metrics import energy_score
    >>> cov = [[1.0, 0.5], [0.5, 1.0]]
    >>> joint = MultivariateNormal.from_covariance([[0.0, 0.0]], cov)
    >>> round(energy_score([[1.0, 0.0]], joint), 4)
    0.6692
    """
    if not hasattr(distribution, "by_target"):
        raise TypeError(
            "energy_score needs a joint distribution of several targets, such as that "
            'of a model with covariance="full", got '
            f"{type(distribution).__name__}. For single targets use crps_loss."
        )
    y, weight = _checked(y_true, distribution, sample_weight)
    if isinstance(distribution, MultivariateNormal):
        return _mean(_of_normal(y, distribution), weight, "energy_score")
    first, second = distribution.rvs(2 * n_draws, random_state).reshape(
        2, n_draws, *y.shape
    )
    to_outcome = np.linalg.norm(np.stack([first, second]) - y, axis=-1).mean(
        axis=(0, 1)
    )
    apart = np.linalg.norm(first - second, axis=-1).mean(axis=0)
    return _mean(to_outcome - 0.5 * apart, weight, "energy_score")


def _of_normal(y: Array, distribution: MultivariateNormal) -> Array:
    variances, directions = np.linalg.eigh(distribution.cov())
    variances = np.maximum(variances, 0.0)
    along = np.einsum("nj,njk->nk", distribution.loc - y, directions)
    apart = np.sqrt(2.0) * _expected_norm(np.zeros_like(along), variances)
    return _expected_norm(along, variances) - 0.5 * apart


def _expected_norm(mean: Array, variance: Array) -> Array:
    """E|Z| for independent normal coordinates, arrays of shape (n, t)."""
    unit = np.sqrt(np.sum(mean**2 + variance, axis=1))
    unit = np.where(unit > 0, unit, 1.0)
    mean, variance = mean / unit[:, None], variance / unit[:, None] ** 2
    total = np.zeros(len(mean))
    for node in NODES:
        square = np.exp(2.0 * node)
        growth = 1.0 + 2.0 * square * variance
        log_laplace = (
            -0.5 * np.log1p(2.0 * square * variance) - square * mean**2 / growth
        )
        total -= np.expm1(log_laplace.sum(axis=1)) * np.exp(-node)
    return unit * total * (NODES[1] - NODES[0]) / np.sqrt(np.pi)
