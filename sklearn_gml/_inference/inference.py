"""From a fit to what is known of its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._data.rows import WIDE
from .censored import CensoredInference
from .constant import ConstantInference
from .estimates import ParameterEstimates
from .fit import Fit
from .log_linear import LogLinearInference


def reason_without_inference(fit: Fit) -> str | None:
    """Why no covariance matrix describes the uncertainty; None if one does."""
    if fit.covariance_roots[0] is None:
        return (
            "Standard errors need the information matrix, which is not formed for "
            f"sparse X with {fit.n_features} columns, more than {WIDE}: use "
            "fewer columns or dense X."
        )
    if fit.settings.positive:
        return (
            "Bounded coefficients have no covariance matrix that describes their "
            "uncertainty: use positive=False."
        )
    if fit.apart:
        return (
            "Targets with alphas of their own have no common covariance: use "
            "alpha_per_target=False, or fit each target alone."
        )
    return None


def inference_of(
    fit: Fit,
) -> ConstantInference | LogLinearInference | CensoredInference:
    """The inference of the noise model of a fit.

    Raises
    ------
    ValueError
        Where no covariance matrix describes the uncertainty of the parameters.
    """
    if (reason := reason_without_inference(fit)) is not None:
        raise ValueError(reason)
    if fit.counts is not None:
        return CensoredInference(
            *_of_noise(fit),
            counts=fit.counts,
            truncation=fit.settings.limits[1],
        )
    if fit.varies:
        return LogLinearInference(*_of_noise(fit))
    return ConstantInference(
        fit.statistics,
        fit.mean,
        fit.covariance_roots[0],
        fit.sigma,
        fit.rank,
        fit.settings.fit_intercept,
        fit.prior,
        fit.flat,
        restricted=fit.settings.restricted,
    )


def _of_noise(fit):
    """What an inference needs of a fit with parameters of log sigma."""
    positions = fit.noise_positions if fit.varies else np.empty(0, dtype=np.intp)
    return (
        fit.statistics,
        fit.mean,
        fit.noise,
        np.stack(fit.covariance_roots),
        fit.estimates[0].spans,
        positions,
        fit.noise_link,
        fit.undetermined,
        fit.n_at_floor,
        fit.sigma,
        fit.settings.fit_intercept,
        fit.prior,
        fit.flat,
        fit.settings.noise_alpha,
        fit.settings.restricted,
    )


def parameter_estimates(
    fit: Fit,
    kind: str,
    rows: Any = None,
    groups: Any = None,
    feature_names: Sequence[str] | None = None,
) -> list[ParameterEstimates]:
    """Parameters with their covariance, one object for each target.

    ``rows`` and ``groups`` are those of the fit, for the robust kinds alone.
    """
    known, names = inference_of(fit), fit.parameter_names(feature_names)
    freedom = known.degrees_of_freedom(kind, groups)
    return [
        ParameterEstimates(names, values, covariance, freedom)
        for values, covariance in zip(
            known.values, known.covariances(kind, rows, groups), strict=True
        )
    ]
