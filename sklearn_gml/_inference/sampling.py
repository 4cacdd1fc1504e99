"""Draws of the parameters, as surely as a fit knows them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .fit import Fit
from .inference import inference_of


def sample_parameters(
    fit: Fit, size: int, random_state: np.random.RandomState
) -> NDArray[np.float64]:
    """Draws (size, t, k) about the estimates of each target.

    Of Student's t where sigma is integrated out: a normal draw over the root of a
    chi-square one, the same for all parameters of a target.

    Raises
    ------
    ValueError
        For targets that vary together, and as
        :func:`~sklearn_gml._inference.inference.inference_of`.
    """
    if fit.settings.covariance == "full":
        raise ValueError(
            "sample_parameters draws the targets apart, which they are not with "
            "covariance='full': use covariance='diagonal'."
        )
    known = inference_of(fit)
    kind = known.checked_kind(None)
    freedom = known.degrees_of_freedom(kind)
    # Parameters that are not identified have no variance, and no draws.
    variances = np.diagonal(known.covariances(kind), axis1=1, axis2=2)
    draws = np.empty((size, *known.values.shape))
    for target, root in enumerate(known.scaled_roots()):
        moved = random_state.standard_normal((size, root.shape[1])) @ root.T
        if np.isfinite(freedom):
            moved *= np.sqrt(freedom / random_state.chisquare(freedom, (size, 1)))
        draws[:, target] = known.values[target] + moved
    draws[:, ~np.isfinite(variances)] = np.nan
    return draws
