"""The log-density of each row by the fit of the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from .._data.rows import Rows
from .._data.statistics import LOG_2PI
from .._likelihood.constant import rounding_sigma
from .._likelihood.leave_one_out import OWN_PREDICTION, left_out, without_row
from .._likelihood.scorings import SCORINGS
from .._likelihood.shrinkage import variance_of
from .._linalg.triangular import column_norms
from .constant import PERFECT, SAME_ROWS
from .fit import Fit
from .inference import inference_of


def loo_loglik_samples(fit: Fit, rows: Rows) -> NDArray[np.float64]:
    """``log p(y_i | x_i)`` by the fit without row i, summed over the targets.

    Parameters
    ----------
    fit : Fit
        With constant noise.
    rows : Rows
        All rows of the fit.

    Raises
    ------
    ValueError
        With noise that varies, for y known in part, for other rows, and as
        :func:`~sklearn_gml._inference.inference.inference_of`.
    """
    if fit.varies:
        raise ValueError(
            f"Leave-one-out has a closed form with constant noise only, not with "
            f"noise={fit.settings.noise!r}: use cross_val_score with loglik_scorer."
        )
    if fit.counts is not None:
        raise ValueError(
            "Leave-one-out has a closed form where all y are known, and here y is "
            "known in part: use cross_val_score with loglik_scorer."
        )
    if fit.apart:
        return sum(
            loo_loglik_samples(one, replace(rows, y=rows.y[:, [target]]))
            for target, one in enumerate(fit.apart)
        )
    known = inference_of(fit)
    # Leverages are those of one copy.
    seen = known.seen(replace(rows, frequency=None))
    leverage, residuals = seen.leverage_and_residuals()
    ones = np.ones(rows.n_samples)
    frequency = ones if rows.frequency is None else rows.frequency
    _check_rows(fit, frequency, residuals)
    copies = left_out(frequency)
    rest = 1.0 - copies * leverage
    # A prior of all slopes leaves every row something of its own residual.
    leaves_some = fit.prior.exists and not fit.prior.flat.any()
    rest[rest < (0.0 if leaves_some else OWN_PREDICTION)] = np.nan
    if fit.joint:
        return _joint_densities(fit, rows, residuals, rest, copies, known.divisor)
    removed, squares = without_row(residuals, rest, known.squares, copies)
    left = known.divisor - copies
    variance = variance_of(
        squares, np.where(left > 0, left, known.divisor)[:, None], _floor(fit)
    )
    scale = ones if rows.noise_scale is None else rows.noise_scale
    density = SCORINGS["loglik"].of_rows(
        removed, variance, share=None, freedom=None, scale=scale[:, None]
    )
    return density.sum(axis=1)


def _joint_densities(fit, rows, residuals, rest, copies, divisor):
    """Densities of targets that vary together.

    Without a copies of a row, S is smaller by ``a e e' / (1 - a h)``: its inverse and
    determinant follow from ``q = e' S^-1 e`` (Sherman and Morrison 1950).
    """
    n_targets = residuals.shape[1]
    root = fit.correlation_root * fit.sigma * np.sqrt(divisor)
    whitened = solve_triangular(root, residuals.T, trans="T", check_finite=False)
    distance = np.sum(whitened**2, axis=0) / rest
    left = divisor - copies
    kept = 1.0 - copies * distance
    kept = np.where((kept > 0) & (left > 0), kept, np.nan)
    log_determinant = 2.0 * np.log(np.diagonal(root)).sum() + np.log(kept)
    squares = np.where(left > 0, left, np.nan) * distance / (rest * kept)
    density = n_targets * (LOG_2PI - np.log(np.where(left > 0, left, np.nan)))
    density = -0.5 * (density + log_determinant + squares)
    if rows.noise_scale is not None:
        density -= n_targets * np.log(rows.noise_scale)
    return density


def weighted_loo(fit: Fit, rows: Rows) -> float:
    """The expected log predictive density: their sum, by frequency."""
    samples = loo_loglik_samples(fit, rows)
    if rows.frequency is None:
        return float(samples.sum())
    return float(rows.frequency @ samples)


def _check_rows(fit, frequency, residuals):
    """Raise unless the rows are those of the fit."""
    squares, total = frequency @ residuals**2, frequency.sum()
    expected = fit.statistics.residual_squares(fit.coef, fit.intercept)
    rounding = (PERFECT * _target_norms(fit)) ** 2
    same = abs(total - fit.sum_weights) <= SAME_ROWS * total
    if not same or np.any(np.abs(squares - expected) > SAME_ROWS * expected + rounding):
        raise ValueError(
            "These are not the rows of the fit: pass all of the X, y, sample_weight "
            "and noise_scale that it was given. They have sum of weights "
            f"{total:g} and residual squares {squares}, the fit {fit.sum_weights:g} "
            f"and {expected}."
        )


def _target_norms(fit):
    """Norms (t,) of the targets about zero."""
    factor = fit.statistics.about(np.zeros_like(fit.statistics.origin))
    return column_norms(factor[:, 1 + fit.n_features :])


def _floor(fit):
    return rounding_sigma(_target_norms(fit), fit.sum_weights)
