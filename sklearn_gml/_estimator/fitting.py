"""From rows or statistics to a fit: objectives, their maxima, one value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from .._data.rows import WIDE, Rows
from .._data.statistics import GaussianStatistics, statistics_of_rows
from .._data.validation import (
    SPARSE_FORMATS,
    validate_noise_scale,
    validate_sample_weight,
)
from .._inference.fit import Fit, FitSettings
from .._likelihood.constant import ConstantObjective
from .._likelihood.evidence import log_evidence
from .._likelihood.joint import JointObjective
from .._likelihood.log_linear import LogLinearObjective
from .._likelihood.matrix_free import MatrixFreeObjective
from .._likelihood.maximisers import maximise_lbfgs, maximise_newton
from .._likelihood.nonnegative import NonNegativeObjective
from .diagnostics import (
    Message,
    convergence_messages,
    data_messages,
    ignored_messages,
)
from .precision import precision_messages
from .prior import check_evidence, given_prior, prior_of_highest_evidence

MAXIMISERS = {
    "auto": maximise_newton,
    "newton": maximise_newton,
    "lbfgs": maximise_lbfgs,
}


@contextmanager
def unchanged_on_error(estimator: Any) -> Iterator[None]:
    """Restore all attributes of an estimator if the block raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def expose(estimator: Any, fit: Fit) -> None:
    """Set the fitted attributes, and leave none of an earlier fit behind."""
    estimator._fit = fit
    for name, value in fit.attributes().items():
        if value is not None:
            setattr(estimator, name, value)
        elif name in vars(estimator):
            delattr(estimator, name)


def name_targets(estimator: Any, names: tuple[str, ...] | None) -> None:
    """Keep the names of the columns of y, if it had some."""
    if names is not None:
        estimator._fit = replace(estimator._fit, target_names=names)


def fitted(estimator: Any) -> Fit:
    """The fit of an estimator; raise if there is none."""
    check_is_fitted(estimator)
    return estimator._fit


def rows_of_fit(estimator, X, y, sample_weight, noise_scale) -> Rows:
    """Validated rows of the features and targets of a fit."""
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse=SPARSE_FORMATS,
        dtype=[np.float64, np.float32],
        multi_output=True,
        y_numeric=True,
        reset=False,
    )
    rows = Rows.of(
        X,
        y,
        validate_sample_weight(sample_weight, X),
        validate_noise_scale(noise_scale, X),
    )
    n_targets = fitted(estimator).n_targets
    if rows.y.shape[1] != n_targets:
        raise ValueError(
            f"y has {rows.y.shape[1]} targets, but the model was fitted to {n_targets}."
        )
    return rows


def check_combinations(settings, positions=None, rows=None):
    """Raise for settings that exclude each other, here or for such rows."""
    check_evidence(settings, positions, rows is not None and rows.is_wide_and_sparse)
    if settings.restricted and settings.positive:
        raise ValueError(
            "method='reml' is not defined with positive=True, because bounded "
            "coefficients have no number of degrees of freedom: use method='ml' "
            "or positive=False."
        )
    if positions is not None and settings.positive:
        raise ValueError(
            f"positive=True is not supported with noise={settings.noise!r}: use "
            "positive=False or noise='constant'."
        )
    if settings.covariance == "full":
        _check_joint(settings, positions)
    if rows is None or not rows.is_wide_and_sparse:
        return
    allowed_here = {"method": "ml", "positive": False, "covariance": "diagonal"}
    if positions is not None and len(positions):
        allowed_here["noise"] = "constant"
    for name, allowed in allowed_here.items():
        value = getattr(settings, name)
        if value != allowed:
            raise ValueError(
                f"{name}={value!r} is not supported for sparse X with "
                f"{rows.n_features} columns, more than {WIDE}, because no matrix "
                f"of columns by columns is formed: use {name}={allowed!r}, fewer "
                "columns or dense X."
            )


def _check_joint(settings, positions):
    """Raise where the maximum over the means would depend on the covariance."""
    if settings.positive:
        raise ValueError(
            "positive=True is not supported with covariance='full', because bounded "
            "coefficients of one target depend on those of the others: use "
            "positive=False or covariance='diagonal'."
        )
    if positions is not None and len(positions):
        raise ValueError(
            "noise='log-linear' is not supported with covariance='full': where scales "
            "vary, rows weigh differently for each target, and correlations tie all "
            "coefficients together. Use noise='constant'; or covariance='diagonal', "
            "and the correlations of the standardised residuals "
            "(y - mean) / std, which are those of the noise."
        )


def fit_rows(
    rows: Rows,
    settings: FitSettings,
    *,
    positions: Any = None,
    vector_target: bool = True,
    feature_names: Sequence[str] | None = None,
    after_step: Callable | None = None,
) -> Fit:
    """The fit of rows in memory."""
    check_combinations(settings, positions, rows)
    described = {"vector_target": vector_target, "feature_names": feature_names}
    if rows.is_wide_and_sparse:
        rows.check_finite()
        objective = MatrixFreeObjective(
            rows,
            fit_intercept=settings.fit_intercept,
            alpha=given_prior(settings, rows.n_features),
        )
        return maximum(
            [objective], settings, rows=rows, positions=positions, **described
        )
    statistics = statistics_of_rows(rows, **described)
    if positions is None or not len(positions):
        return fit_constant(statistics, settings, rows=rows, positions=positions)
    counted = statistics
    if rows.noise_scale is not None:
        # Whatever is known of the noise, columns are centred by frequency.
        counted = statistics_of_rows(replace(rows, noise_scale=None))
    objectives = log_linear_objectives(rows, counted, statistics, positions, settings)
    return maximum(
        objectives,
        settings,
        statistics=statistics,
        rows=rows,
        positions=positions,
        after_step=after_step,
        **described,
    )


def fit_constant(
    statistics: GaussianStatistics,
    settings: FitSettings,
    *,
    rows: Rows | None = None,
    positions: Any = None,
) -> Fit:
    """The fit with constant noise, from statistics and perhaps their rows."""
    check_combinations(settings, positions)
    kind = ConstantObjective
    if settings.positive:
        kind = NonNegativeObjective
    elif settings.covariance == "full":
        kind = JointObjective
    messages: list[Message] = []
    if settings.by_evidence:
        prior, messages = prior_of_highest_evidence(settings, statistics)
    else:
        prior = given_prior(settings, statistics.n_features, drops=True)
    objective = kind(
        statistics,
        fit_intercept=settings.fit_intercept,
        alpha=prior,
        restricted=settings.restricted,
    )
    return maximum(
        [objective],
        settings,
        statistics=statistics,
        rows=rows,
        positions=positions,
        vector_target=statistics.vector_target,
        feature_names=statistics.feature_names,
        messages=messages,
    )


def fit_targets_apart(
    statistics: GaussianStatistics,
    settings: FitSettings,
    alphas: Sequence[float],
    rows: Rows | None = None,
) -> Fit:
    """The fit with constant noise of which each target has an alpha of its own."""
    fits = [
        fit_constant(
            statistics.of_target(target),
            replace(settings, alpha=alpha),
            rows=None if rows is None else replace(rows, y=rows.y[:, [target]]),
        )
        for target, alpha in enumerate(alphas)
    ]
    return Fit.of_targets(fits, statistics)


def log_linear_objectives(
    rows, counted, statistics, positions, settings, kind=LogLinearObjective
):
    """An objective for each target: their noise has nothing in common.

    ``counted`` are the statistics of the rows without their noise scales.
    """
    prior = given_prior(settings, statistics.n_features)
    return [
        kind(
            rows,
            counted,
            statistics,
            target,
            positions,
            fit_intercept=settings.fit_intercept,
            alpha=prior,
            noise_alpha=settings.noise_alpha,
            noise_floor=settings.noise_floor,
            restricted=settings.restricted,
        )
        for target in range(statistics.n_targets)
    ]


def maximum(
    objectives: list,
    settings: FitSettings,
    *,
    statistics: GaussianStatistics | None = None,
    rows: Any = None,
    positions: Any = None,
    counts: Any = None,
    vector_target: bool = True,
    feature_names: Sequence[str] | None = None,
    messages: Sequence[Message] = (),
    after_step: Callable | None = None,
) -> Fit:
    """The :class:`Fit` at the maximum of the objectives.

    ``rows`` are read once more for the last digits; without them the estimates are
    those of the objectives alone. ``after_step`` is called after each step of the
    maximiser with a function that makes the fit of that step.
    """

    def fit_at(points, n_iter, estimates=None, messages=()):
        if estimates is None:
            pairs = zip(objectives, points, strict=True)
            estimates = [objective.estimate(point) for objective, point in pairs]
        return _fit(
            objectives,
            points,
            estimates,
            settings=settings,
            statistics=statistics,
            noise_positions=positions,
            counts=counts,
            vector_target=vector_target,
            feature_names=None if feature_names is None else tuple(feature_names),
            n_iter=n_iter,
            degenerate=any(point.degenerate.any() for point in points),
            messages=tuple(messages),
        )

    solutions = []
    for number, objective in enumerate(objectives):
        report = None
        if after_step is not None:
            report = _reporter(after_step, fit_at, objectives, solutions, number)
        solutions.append(
            MAXIMISERS[settings.solver](
                objective, max_iter=settings.max_iter, tol=settings.tol, report=report
            )
        )
    points = [solution.point for solution in solutions]
    estimates = [
        objective.estimate(point) if rows is None else objective.refined(point, rows)
        for objective, point in zip(objectives, points, strict=True)
    ]
    messages = [
        *messages,
        *ignored_messages(settings),
        *convergence_messages(objectives, solutions),
        *data_messages(settings, feature_names, objectives, solutions),
        *precision_messages(
            estimates,
            np.concatenate([point.degenerate for point in points]),
            statistics,
            feature_names,
        ),
    ]
    n_iter = max(solution.n_iter for solution in solutions)
    return fit_at(points, n_iter, estimates, messages)


def _reporter(after_step, fit_at, objectives, solutions, number):
    """What a maximiser calls with its point after each step.

    Targets that are not fitted yet are where their maximisers start.
    """

    def report(point, n_iter):
        def fit():
            done = [solution.point for solution in solutions[:number]]
            ahead = [objective.start for objective in objectives[number + 1 :]]
            return fit_at([*done, point, *ahead], n_iter)

        after_step(fit)

    return report


def _fit(objectives, points, estimates, **described):
    pairs = list(zip(objectives, estimates, strict=True))
    degrees = np.concatenate(
        [
            np.full(len(estimate.coef), objective.effective_degrees(point))
            for (objective, estimate), point in zip(pairs, points, strict=True)
        ]
    )
    noise_ranks = sum(
        len(estimate.coef) * objective.noise_rank for objective, estimate in pairs
    )
    restricted_loglik = None
    if described["settings"].restricted:
        restricted_loglik = sum(estimate.restricted_loglik for estimate in estimates)
    return Fit(
        estimates=tuple(estimates),
        n_features=estimates[0].coef.shape[1],
        rank=int(objectives[0].rank),
        prior=objectives[0].prior,
        flat=int(objectives[0].flat),
        effective_degrees=degrees,
        n_parameters=float(degrees.sum() + noise_ranks),
        sum_weights=objectives[0].sum_weights,
        loglik=sum(objective.loglik(estimate) for objective, estimate in pairs),
        restricted_loglik=restricted_loglik,
        log_evidence=_log_evidence(pairs, described["settings"]),
        **described,
    )


def _log_evidence(pairs, settings):
    """Marginal log-likelihood of constant noise, where coefficients have a prior."""
    objective, estimate = pairs[0]
    if type(objective) is not ConstantObjective:
        return None
    if objective.prior.exists:
        return log_evidence(objective, estimate)
    # Without a prior it is that of no proper distribution, unless no noise is left.
    return np.inf if settings.by_evidence else None
