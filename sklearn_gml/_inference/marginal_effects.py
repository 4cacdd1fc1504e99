"""Effects of columns on what is recorded, averaged over rows, by the delta method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from .._data.limits import Pair
from .._data.predictors import noise_predictor
from .._data.rows import Rows
from .._distributions.row_densities import RowDensity, between
from .fit import Fit
from .inference import inference_of


@dataclass(frozen=True)
class MarginalEffects:
    """Average effects of the columns, with standard errors.

    Attributes
    ----------
    names : tuple of str
        Of the columns.
    effect : ndarray of shape (p,) or (t, p)
        Change for a unit of each column, mean over the rows.
    std_error : ndarray of the same shape
        By the delta method, from the covariance of all parameters; the rows are given.
    """

    names: tuple[str, ...]
    effect: NDArray[np.float64]
    std_error: NDArray[np.float64]

    def conf_int(self, level: float = 0.95) -> NDArray[np.float64]:
        """Normal confidence intervals, lower and upper limits in the last axis."""
        reach = stats.norm.isf(0.5 * (1.0 - level)) * self.std_error
        return np.stack([self.effect - reach, self.effect + reach], axis=-1)


class _Slopes(NamedTuple):
    """Of a quantity by mu and log sigma, and their derivatives by the same; (n,)."""

    by_mean: NDArray
    by_log_sigma: NDArray
    mean_mean: NDArray
    mean_log_sigma: NDArray
    log_sigma_mean: NDArray
    log_sigma_log_sigma: NDArray


def _of_latent(sigma: NDArray, density: RowDensity) -> _Slopes:
    zero = np.zeros_like(sigma)
    return _Slopes(np.ones_like(sigma), zero, zero, zero, zero, zero)


def _of_recorded(sigma: NDArray, density: RowDensity) -> _Slopes:
    """Of E y: P, and sigma (phi(a) - phi(b)), P the probability of no limit."""
    p, first, second = np.exp(density.value), density.mean, density.log_sigma
    return _Slopes(
        p,
        sigma * p * first,
        p * first / sigma,
        p * second,
        p * (first**2 + density.mean_mean),
        sigma * p * (2.0 * first + first * second + density.mean_log_sigma),
    )


def _of_probability(sigma: NDArray, density: RowDensity) -> _Slopes:
    """Of P, the probability of no limit."""
    p, first, second = np.exp(density.value), density.mean, density.log_sigma
    cross = p * (first * second + density.mean_log_sigma) / sigma
    return _Slopes(
        p * first / sigma,
        p * second,
        p * (first**2 + density.mean_mean) / sigma**2,
        cross,
        cross,
        p * (second**2 + density.log_sigma_log_sigma),
    )


QUANTITIES = {
    "recorded": _of_recorded,
    "probability": _of_probability,
    "latent": _of_latent,
}
EFFECTS = tuple(QUANTITIES)


def marginal_effects(fit: Fit, rows: Rows, limits: Pair, of: str) -> MarginalEffects:
    r"""Average effects of all columns of X at the rows.

    A column j moves the mean by :math:`b_j` and log sigma by :math:`c_j`, if it drives
    the noise:

    .. math::

        \frac{1}{\sum w} \sum_i w_i \left(
            \frac{\partial q_i}{\partial \mu_i} b_j
            + \frac{\partial q_i}{\partial \log\sigma_i} c_j \right)

    for the quantity q: E y of the recorded y, the probability that it is at no limit,
    or the latent mean.
    """
    known = inference_of(fit)
    covariances = known.covariances(known.checked_kind(None))
    X = rows.X.toarray() if hasattr(rows.X, "toarray") else rows.X
    weight = np.ones(len(X)) if rows.frequency is None else rows.frequency
    weight = weight / weight.sum()
    scale = np.ones(len(X)) if rows.noise_scale is None else rows.noise_scale
    positions = known.positions
    ones = np.ones((len(X), 1))
    designs = [np.hstack([ones, X])[:, int(not fit.settings.fit_intercept) :]]
    designs.append(np.hstack([ones, X[:, positions]]))
    predictors = noise_predictor(X, known.noise[:, 1:], known.noise[:, 0], positions)
    slopes = known.link.slope(predictors)
    curvatures = np.where(slopes < 1.0, known.link.curvature(predictors), 0.0)
    sigmas = np.exp(known.link.log_sigma(predictors)) * scale[:, None]
    effects, errors = [], []
    for target, covariance in enumerate(covariances):
        mean = designs[0] @ fit.mean[target]
        sigma = sigmas[:, target]
        low, high = ((limit - mean) / sigma for limit in limits)
        density = between(low, high, (limits[1] - limits[0]) / sigma)
        effect, jacobian = _effects(
            QUANTITIES[of](sigma, density),
            (slopes[:, target], curvatures[:, target]),
            weight,
            designs,
            (fit.coef[target], known.noise[target, 1:]),
            positions,
        )
        effects.append(effect)
        variance = np.einsum("ij,jk,ik->i", jacobian, covariance, jacobian)
        errors.append(np.sqrt(variance))
    names = fit.parameter_names()[int(fit.settings.fit_intercept) :][: fit.n_features]
    return MarginalEffects(
        names, fit.shown(np.array(effects)), fit.shown(np.array(errors))
    )


def _effects(quantity, link, weight, designs, parameters, positions):
    """Effects (p,) and their derivatives (p, k) by all parameters."""
    slope, curvature = link
    coef, noise_coef = parameters
    drive = np.zeros(len(coef))
    drive[positions] = noise_coef
    by_noise = quantity.by_log_sigma * slope
    effect = (weight @ quantity.by_mean) * coef + (weight @ by_noise) * drive
    # By the parameters through mu and through the predictor of log sigma.
    through = []
    for of_mean, of_noise, design in (
        (quantity.mean_mean, quantity.log_sigma_mean * slope, designs[0]),
        (
            quantity.mean_log_sigma * slope,
            quantity.log_sigma_log_sigma * slope**2 + quantity.by_log_sigma * curvature,
            designs[1],
        ),
    ):
        through.append(
            np.multiply.outer(coef, (weight * of_mean) @ design)
            + np.multiply.outer(drive, (weight * of_noise) @ design)
        )
    jacobian = np.hstack(through)
    first = designs[0].shape[1] - len(coef)
    columns = np.arange(len(coef))
    jacobian[columns, first + columns] += weight @ quantity.by_mean
    jacobian[positions, first + len(coef) + 1 + np.arange(len(positions))] += (
        weight @ by_noise
    )
    return effect, jacobian
