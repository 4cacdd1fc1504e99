"""What a maximum of an objective says in the units of the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Estimate:
    """Parameters of the mean in the units of the data, and what goes with them.

    Attributes
    ----------
    coef : ndarray of shape (t, p)
    intercept : ndarray of shape (t,)
    squares : ndarray of shape (t,)
        ``|r|^2 + sum_j alpha_j b_j^2``, of which sigma is made.
    sigma : ndarray of shape (t,)
    covariance_root : ndarray of shape (q, r), or None
        ``sigma^2 C C'`` is the inverse information of the parameters of the
        mean, the intercept first if there is one. None if it was never formed. With
        noise that varies ``C C'`` is the inverse information itself, and
        the intercept and slopes of log sigma come after those of the mean.
    restricted_loglik : float, or None
        The restricted log-likelihood, where it is the objective.
    noise_coef : ndarray of shape (t, m), or None
    noise_intercept : ndarray of shape (t,), or None
        Parameters of log sigma, where it varies.
    spans : tuple of ndarray, or None
        Where noise varies, the directions of the parameters of mean and of log sigma
        that the data determine, shapes (q, rank) and (1 + m, rank).
    log_noise_floor : ndarray of shape (t,), or None
        Where noise varies, the logarithm of the floor of sigma.
    n_at_floor : ndarray of shape (t,), or None
        Where noise varies, the rows that the floor holds, by frequency.
    undetermined : ndarray of bool, shape (t, 1 + m), or None
        Where noise varies, the parameters of log sigma that move nothing but rows on
        the floor, so that no y tells of them.
    excess : ndarray of shape (t,), or None
        By how much the squares are larger at the coefficients as they are rounded,
        where a pass over the rows has found it.
    """

    coef: np.ndarray
    intercept: np.ndarray
    squares: np.ndarray
    sigma: np.ndarray
    covariance_root: np.ndarray | None
    restricted_loglik: float | None = None
    noise_coef: np.ndarray | None = None
    noise_intercept: np.ndarray | None = None
    spans: tuple | None = None
    log_noise_floor: np.ndarray | None = None
    n_at_floor: np.ndarray | None = None
    undetermined: np.ndarray | None = None
    excess: np.ndarray | None = None
