"""How surely the parameters of the mean are known, from the factor of a fit."""

import numpy as np

# A coefficient counts as identified if at most this share of its squared length
# lies in directions without data; what rounding leaves there is far less.
UNIDENTIFIED_SHARE = 1e-10


def covariance(root, variance, means, n_features):
    """Covariance of the parameters of the mean, for each target.

    Parameters
    ----------
    root : ndarray of shape (q, r)
        Root of the inverse information, sigma aside; the intercept first if
        q = n_features + 1.
    variance : ndarray of shape (t,)
        Variance of the noise.
    means : ndarray of shape (p,)
        Means of the features.
    n_features : int

    Returns
    -------
    ndarray of shape (t, q, q)
        NaN for the parameters that the data do not identify.
    """
    matrix = root @ root.T
    lost = _unidentified(root, means, n_features)
    matrix[lost] = np.nan
    matrix[:, lost] = np.nan
    return matrix * variance[:, None, None]


def _unidentified(root, means, n_features):
    """Mask (q,) of the parameters that some direction without data changes."""
    q, rank = root.shape
    has_intercept = q - n_features
    lost = np.zeros(q, dtype=bool)
    if rank == q:
        return lost
    slopes = root[has_intercept:, has_intercept:]
    basis, _ = np.linalg.qr(slopes)
    empty = np.eye(n_features) - basis @ basis.T
    lost[has_intercept:] = np.diagonal(empty) > UNIDENTIFIED_SHARE
    if has_intercept:
        # The intercept makes up for the means of what such a direction adds.
        shift, size = empty @ means, np.linalg.norm(means)
        lost[0] = np.linalg.norm(shift) > np.sqrt(UNIDENTIFIED_SHARE) * size
    return lost
