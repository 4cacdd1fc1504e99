"""Whether rounding errors of predictions are small beside sigma."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .._data.statistics import GaussianStatistics
from .._likelihood.estimate import Estimate
from .._linalg.triangular import EPS, column_norms
from ..exceptions import PrecisionWarning

# Rounding errors of a hundredth of sigma change a log-likelihood by a ten-thousandth
# of what the residuals contribute to it. Larger ones are worth a warning.
NOTICED_SHARE = 1e-2

# Squares at the coefficients as they are rounded, relative to those of sigma: a
# difference beyond is a log-likelihood that ``score_loglik`` does not find again.
NOTICED_EXCESS = 1e-6

# A constant is large where it is so many times the spread of its column: subtracting
# it then gains at least a digit. Of columns named, the smallest term has this share of
# the largest.
LARGE_CONSTANT, NAMED_SHARE = 10.0, 0.1


def precision_messages(
    estimates: Sequence[Estimate],
    degenerate: np.ndarray,
    statistics: GaussianStatistics | None,
    feature_names: Sequence[str] | None,
) -> Iterator[tuple[type[Warning], str]]:
    """Whether rounding errors of ``predict`` matter beside the noise.

    Targets that are degenerate have no noise to compare with.
    """
    if statistics is None or np.all(degenerate):
        return
    p, total = statistics.n_features, statistics.factor[0, 0]
    spread = column_norms(statistics.factor[1:, 1:]) / total
    centre = np.abs(statistics.mean)
    coef = np.vstack([estimate.coef for estimate in estimates])
    intercept = np.concatenate([estimate.intercept for estimate in estimates])
    sigma = np.concatenate([estimate.sigma for estimate in estimates])
    # Terms of a prediction. Where rows have noise scales, sizes are those of the rows
    # that say most.
    terms = np.abs(coef) * np.hypot(centre, spread)[:p]
    rounding = EPS * np.hypot(np.linalg.norm(terms, axis=1), np.abs(intercept))
    rounding *= total / np.sqrt(statistics.sum_weights)
    lost = (rounding > NOTICED_SHARE * sigma) & ~degenerate
    for number, estimate in enumerate(estimates):
        if estimate.excess is not None:
            wrong = estimate.excess > NOTICED_EXCESS * estimate.squares
            lost[number : number + len(wrong)] |= (
                wrong & ~degenerate[number : number + len(wrong)]
            )
    if not lost.any():
        return
    worst = int(np.argmax(np.where(lost, rounding / sigma, -1.0)))
    constants = np.append(np.abs(coef[worst]) * centre[:p], centre[p + worst])
    large = np.append(
        centre[:p] > LARGE_CONSTANT * spread[:p],
        centre[p + worst] > LARGE_CONSTANT * spread[p + worst],
    )
    named = np.flatnonzero(large & (constants >= NAMED_SHARE * constants.max()))
    yield (
        PrecisionWarning,
        f"Rounding errors of predictions are {rounding[worst] / sigma[worst]:.2g} "
        "times sigma_: score_loglik and residuals of the training rows are not those "
        f"of loglik_ and sigma_. {_cause(named, p, feature_names)}",
    )


def _cause(named: Any, n_features: int, feature_names: Sequence[str] | None) -> str:
    if not len(named):
        return (
            "Large terms cancel in the predictions because columns are nearly "
            "collinear, or noise_scale spans too many decades: drop columns, replace "
            "powers by orthogonal polynomials, or use alpha > 0."
        )
    names = [_name(position, n_features, feature_names) for position in named]
    return (
        f"Large constants in {', '.join(names)} take the digits: subtract the constant "
        "(the mean, or the first value) before fitting and predicting."
    )


def _name(position: int, n_features: int, feature_names: Sequence[str] | None) -> str:
    if position == n_features:
        return "y"
    if feature_names is None:
        return f"column {position}"
    return repr(str(feature_names[position]))
