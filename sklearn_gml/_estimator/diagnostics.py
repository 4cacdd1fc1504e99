"""What the user is warned of after a fit: solver and data."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from reprlib import repr as short
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._inference.fit import Fit, FitSettings
from .._likelihood.censored import CensoredObjective
from .._likelihood.joint import JointObjective
from ..exceptions import DegenerateFitWarning, RankDeficiencyWarning

Message = tuple[type[Warning], str]

# From ``announce`` out to the line that called fit: fit and scikit-learn's wrapper.
STACKLEVEL = 4


def announce(fit: Fit, categories: tuple[type[Warning], ...] = (Warning,)) -> None:
    """Warn of what a fit has to say, from the line that called the estimator."""
    for category, message in fit.messages:
        if issubclass(category, categories):
            warnings.warn(message, category, stacklevel=STACKLEVEL)


def ignored_messages(settings: FitSettings) -> Iterator[Message]:
    """Parameters that another one makes meaningless."""
    for name, value, because in settings.ignored:
        remedy = (
            "use noise='log-linear' or leave it out"
            if name.startswith("noise")
            else "use alpha > 0, alpha='evidence', or leave it out"
        )
        yield (
            UserWarning,
            f"{name}={short(value)} has no effect with {because}: {remedy}.",
        )


def convergence_messages(
    objectives: Sequence[Any], solutions: Sequence[Any]
) -> Iterator[Message]:
    """Whether the solver stopped before an existing maximum."""
    for objective, solution in zip(objectives, solutions, strict=True):
        if solution.converged or solution.point.degenerate.any():
            continue
        remedy = ""
        if objective.varies:
            remedy = (
                " Where rows are few for the parameters of the noise, use "
                "noise_alpha > 0."
            )
        yield (
            ConvergenceWarning,
            f"GaussianMLRegressor has {solution.message}.{remedy}",
        )


def data_messages(
    settings: FitSettings,
    feature_names: Sequence[str] | None,
    objectives: Sequence[Any],
    solutions: Sequence[Any],
) -> Iterator[Message]:
    """Whether the rows determine the model."""
    for objective, solution in zip(objectives, solutions, strict=True):
        if solution.point.degenerate.any():
            if isinstance(objective, CensoredObjective):
                message = _separated(feature_names, objective, solution.point)
            elif objective.varies and not objective.saturated:
                message = _isolated(settings, feature_names, objective, solution.point)
            elif _only_jointly(objective, solution.point):
                message = _dependent_targets(objective)
            else:
                message = _no_noise(objective)
            yield DegenerateFitWarning, message
            return
    objective = objectives[0]
    # Coefficients with a prior are identified, whatever the rows.
    n_flat = objective.fit_intercept + int(np.sum(objective.prior.flat))
    lost = n_flat - objective.flat
    if lost:
        choice = (
            "Some non-negative coefficients were"
            if settings.positive
            else "The coefficients of smallest norm were"
        )
        yield (
            RankDeficiencyWarning,
            f"The columns of X are collinear: {lost} of {n_flat} "
            f"directions are not identified. {choice} chosen; predictions do not "
            "depend on the choice. Drop columns or use alpha > 0.",
        )


def _isolated(
    settings: FitSettings,
    feature_names: Sequence[str] | None,
    objective: Any,
    point: Any,
) -> str:
    position = objective.noise.columns[point.steepest_noise_slope]
    name = (
        f"column {position}" if feature_names is None else repr(feature_names[position])
    )
    reason = (
        "The restricted likelihood does not fall along the noise slope of "
        f"{name}: the rows that it moves are fitted exactly, and do not determine "
        "their noise. The noise slopes are one choice of many, and nothing is known of "
        "their standard errors."
        if objective.restricted
        else "The likelihood has no maximum: some rows are fitted to the last digit, "
        f"and the noise slope of {name} takes their sigma towards zero. sigma_, "
        "loglik_, aic_ and bic_ describe arithmetic."
    )
    return (
        f"{reason} Use noise_alpha > {settings.noise_alpha:g}, leave that column out "
        "of noise_columns, or use more rows."
    )


def _separated(feature_names: Sequence[str] | None, objective: Any, point: Any) -> str:
    described = (
        "There is no maximum of the likelihood, and nothing is known of standard "
        "errors: coef_, sigma_ and loglik_ describe where the maximiser stopped. "
    )
    if objective.hopeless:
        return (
            "Every y is censored on the same side: nothing bounds the mean and sigma "
            f"on the other. {described}Use rows whose y is observed."
        )
    if point.is_flat:
        return (
            "Between the limits of truncation y shows no peak: sigma grows without "
            f"bound, and the coefficients with it. {described}Use truncation with one "
            "limit, or leave out columns."
        )
    if point.unbounded:
        return (
            "The rows whose y is observed are reproduced to the last digit, and sigma "
            f"falls to zero. {described}Use more observed rows or fewer columns."
        )
    position = point.runaway_position
    if position is None:
        return (
            "The rows do not determine the scale of y: the likelihood does not fall as "
            "the coefficients and sigma grow or shrink together. "
            f"{described}Use rows whose y is observed, or a second limit."
        )
    name = f"column {position}"
    if feature_names is not None:
        name = repr(feature_names[position])
    return (
        f"The coefficient of {name} runs away: the likelihood never falls along it, "
        "because all rows that it tells apart are censored on one side. "
        f"{described}Leave that column out, join it with others, or use alpha > 0."
    )


def _only_jointly(objective: Any, point: Any) -> bool:
    return isinstance(objective, JointObjective) and not point.without_noise.any()


def _dependent_targets(objective: Any) -> str:
    n_targets = objective.target.shape[1]
    return (
        f"The {n_targets} targets leave no noise in some combination of them: it is "
        f"fitted to the last digit, or the {objective.n_samples} rows and a mean of "
        f"rank {objective.rank} leave fewer contrasts than targets. The joint "
        "likelihood has no maximum; covariance_ is singular but for rounding errors, "
        "and loglik_, aic_ and bic_ describe arithmetic. Use covariance='diagonal', "
        "more rows, or leave out a target that the others determine."
    )


def _no_noise(objective: Any) -> str:
    if objective.lacks_weight:
        return (
            "The restricted likelihood has no maximum: sample_weight are frequencies, "
            f"and their sum, {objective.sum_weights:g}, is no larger than the "
            f"{objective.flat} parameters of the mean. sigma_ is that of method='ml'. "
            "Multiply the weights so that they sum to the number of observations, or, "
            "where they say how precise the rows are, use noise_scale = "
            "1 / sqrt(weight)."
        )
    return (
        "There is no noise left to estimate sigma from: the model has rank "
        f"{objective.rank} and the rows have sum of weights "
        f"{objective.sum_weights:g}, or it reproduces y to the last digit. The "
        "likelihood has no maximum; sigma_ is of the size of rounding errors, and "
        "loglik_, aic_ and bic_ describe arithmetic. Use more rows"
        f"{'' if objective.prior.exists else ', fewer columns or alpha > 0'}."
    )
