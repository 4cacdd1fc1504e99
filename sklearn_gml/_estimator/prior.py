"""From ``alpha`` and ``prior_groups`` to a prior, by evidence where that is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from .._data.statistics import GaussianStatistics
from .._inference.fit import FitSettings
from .._likelihood.evidence import Evidence, maximise_evidence
from .._likelihood.prior import CoefficientPrior
from ..exceptions import PriorBoundWarning
from .diagnostics import Message

# Groups that a warning names.
NAMED = 5


def given_prior(
    settings: FitSettings, n_features: int, *, drops: bool = False
) -> CoefficientPrior:
    """The prior of an alpha that is a number or an array of them.

    ``drops`` says whether the objective knows infinite ones, whose coefficients are
    zero: so that an ``alpha_`` that was found can be given.

    Raises
    ------
    ValueError
        For an array that has not one number for each group, or none that is positive
        or zero.
    """
    alpha, groups = np.asarray(settings.alpha), settings.prior_groups
    if alpha.ndim == 0:
        return CoefficientPrior.of_groups(float(alpha), groups, n_features)
    n_groups = 1 if groups is None else len(groups)
    if alpha.shape != (n_groups,):
        raise ValueError(
            f"alpha has shape {alpha.shape}, but prior_groups makes {n_groups} "
            f"group{'s' if n_groups > 1 else ''} of the {n_features} columns: pass one "
            "number, or one for each group."
        )
    try:
        alpha = alpha.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"alpha={settings.alpha!r} has to be numbers.") from error
    if not np.all((alpha >= 0) & (drops | np.isfinite(alpha))):
        raise ValueError(
            f"alpha={settings.alpha!r} has to be zero or positive"
            f"{'' if drops else ', and finite unless the noise is constant'}."
        )
    every = [np.arange(n_features)] if groups is None else groups
    return CoefficientPrior.of_groups(alpha, every, n_features)


def check_evidence(
    settings: FitSettings, positions: NDArray | None = None, wide: bool = False
) -> None:
    """Raise where ``alpha="evidence"`` is not defined or not to be had."""
    if not settings.by_evidence:
        return
    remedy = "use a number, or one for each of prior_groups"
    if settings.positive:
        raise ValueError(
            "alpha='evidence' is not defined with positive=True, because bounded "
            f"coefficients have no marginal likelihood in closed form: {remedy}."
        )
    if positions is not None and len(positions):
        raise ValueError(
            f"alpha='evidence' is not supported with noise={settings.noise!r}: {remedy}"
            ", or noise='constant'."
        )
    if settings.covariance == "full":
        raise ValueError(
            "alpha='evidence' is not supported with covariance='full', whose marginal "
            f"likelihood is another: {remedy}, or covariance='diagonal'."
        )
    if wide:
        raise ValueError(
            "alpha='evidence' is not supported for sparse X of so many columns, "
            f"because no matrix of columns by columns is formed: {remedy}."
        )


def prior_of_highest_evidence(
    settings: FitSettings, statistics: GaussianStatistics
) -> tuple[CoefficientPrior, list[Message]]:
    """The prior, and what the user is warned of."""
    n_features = statistics.n_features
    groups = settings.prior_groups
    every = [np.arange(n_features)] if groups is None else groups
    found = maximise_evidence(
        statistics,
        every,
        fit_intercept=settings.fit_intercept,
        restricted=settings.restricted,
    )
    alpha = found.alpha[0] if groups is None else found.alpha
    prior = CoefficientPrior.of_groups(alpha, groups, n_features)
    return prior, list(_messages(found, groups))


def _messages(found: Evidence, groups: Any) -> Iterator[Message]:
    if not found.converged:
        yield (
            ConvergenceWarning,
            "alpha='evidence' has not converged: alpha_ is where Newton's method "
            "stopped. Start from other units of the columns, or merge prior_groups.",
        )
    if found.unbounded and np.all(found.alpha > 0):
        yield (
            PriorBoundWarning,
            "The evidence grows without bound as alpha goes to zero, because the rows "
            "can be fitted exactly. alpha_ is the highest of its other maxima; with "
            "method='reml' the evidence is bounded.",
        )
    if groups is None:
        if np.isinf(found.alpha[0]):
            yield (
                PriorBoundWarning,
                "The evidence is highest for alpha_ = inf: all coefficients are zero, "
                "because the columns of X predict y no better than its mean does.",
            )
        elif found.alpha[0] == 0:
            yield (
                PriorBoundWarning,
                "The evidence is highest for alpha_ = 0, no prior: no noise is left.",
            )
        return
    idle = np.flatnonzero(np.isinf(found.alpha))
    if len(idle):
        named = ", ".join(str(group) for group in idle[:NAMED])
        more = ", ..." if len(idle) > NAMED else ""
        yield (
            PriorBoundWarning,
            f"{len(idle)} of {len(groups)} groups have dropped out, because the "
            f"evidence is highest for an infinite alpha_ of theirs (group {named}"
            f"{more}): their coefficients are zero.",
        )
