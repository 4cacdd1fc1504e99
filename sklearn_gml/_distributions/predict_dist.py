"""The predicted distribution of a whole model: pipelines, searches, targets."""

from __future__ import annotations

from functools import singledispatch
from inspect import signature
from reprlib import repr as short
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .multivariate import MultivariateNormal, MultivariateT
from .multivariate_transformed import jointly_inverse_transformed
from .recorded import Recorded
from .student import FrozenT
from .transformations import growth
from .transformed import inverse_transformed, parameters_of

KINDS = ("auto", "predictive", "plugin", "mean", "recorded")


def predict_dist(
    model: Any, X: Any, *, kind: str | None = None, noise_scale: Any = None
) -> Any:
    """The distribution of y at X that a fitted model predicts.

    Looks through pipelines, grid and other searches, transformed targets and frozen
    estimators, in any nesting, to the regressor at the end of the chain.

    Parameters
    ----------
    model : fitted regressor
        At the end of the chain: one with a method ``predict_dist``, as
        :class:`~sklearn_gml.GaussianMLRegressor`, or with ``predict(X,
        return_std=True)``, as ``BayesianRidge`` and ``GaussianProcessRegressor``,
        whose prediction is read as a normal distribution with that mean and std.
    X : array-like or sparse matrix of shape (n, p)
        What ``model.predict`` takes.
    kind : {"auto", "predictive", "plugin", "mean", "recorded"}, optional
        Passed to the ``predict_dist`` of the regressor, where it is defined; by default
        the regressor decides. Where a transformation of the target grows so fast that
        Student's t would leave no mean and no CRPS, as the exponential function does of
        a modelled logarithm, ``"auto"`` takes the normal distribution of the same
        location and scale; y is ``lognorm``.
        Regressors with ``return_std`` have but one distribution. Of a transformed
        target, ``"mean"`` gives the distribution of the inverse of the mean, not of
        the mean of y. ``"recorded"`` is the default where a regressor has no
        limits of y (``censoring``, ``truncation``).
    noise_scale : array-like of shape (n,), optional
        What is known of the noise of these rows, see the ``fit`` of
        :class:`~sklearn_gml.GaussianMLRegressor`; handed on like ``kind``. It
        multiplies the sigma of the regressor: of a transformed target, that of the
        transformed values.

    Returns
    -------
    distribution
        Of shape (n,) or (n, t), with the methods of scipy's frozen distributions:
        ``norm`` or ``t`` itself, ``lognorm`` for a logarithm of the target, or the
        distribution of y = g^-1(z), with the Jacobian of g in its density, for any
        monotone ``transformer`` of ``TransformedTargetRegressor``. A transformation
        whose range is not the whole line truncates: the distribution is that of z
        within the range. ``model.predict`` of a transformed target is the median,
        where nothing is truncated, not the mean.

    Raises
    ------
    TypeError
        If the regressor at the end of the chain predicts no distribution.
    ValueError
        For an unknown ``kind``, one that the regressor does not have, a
        ``noise_scale`` that is not valid or that the regressor does not know, or a
        target transformation that is not monotone.
    NotFittedError
        If the model is not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.compose import TransformedTargetRegressor
    >>> from sklearn_gml import GaussianMLRegressor, predict_dist
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 8.0, 18.0]
    >>> model = TransformedTargetRegressor(
    ...     GaussianMLRegressor(), func=np.log, inverse_func=np.exp
    ... ).fit(X, y)
    >>> at_two = predict_dist(model, [[2.0]])  # lognormal
    >>> print(at_two.median().round(2), at_two.mean().round(2))
    [7.39] [7.44]
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS} or None, got {kind!r}.")
    return _predicted(model, X, kind, noise_scale)


def recorded_dist(
    model: Any, X: Any, *, kind: str | None = None, noise_scale: Any = None
) -> Any:
    """The distribution that scores compare with y as it is recorded.

    Of kind ``"recorded"`` where the regressor has limits of y, else as
    :func:`predict_dist`.
    """
    return _predicted(model, X, kind, noise_scale, recorded=True)


def _predicted(
    model: Any,
    X: Any,
    kind: str | None,
    noise_scale: ArrayLike | None,
    recorded: bool = False,
) -> Any:
    check_is_fitted(model)
    chain, transformers = [model], []
    while (inner := unwrap(chain[-1], X)) is not None:
        model, X, transformer = inner
        chain.append(model)
        if transformer is not None:
            transformers.append(transformer)
    limited = any(
        getattr(model, name, None) is not None for name in ("censoring", "truncation")
    )
    if limited and recorded and kind is None:
        kind = "recorded"
    elif kind == "recorded" and not limited:
        kind = None
    # Not every such method takes kinds or noise scales.
    options: dict[str, Any] = {} if kind is None else {"kind": kind}
    if noise_scale is not None:
        options["noise_scale"] = noise_scale
    distribution = _of_regressor(chain, X, options)
    if (kind or getattr(chain[-1], "predict_kind", None)) == "auto":
        distribution = _with_moments(distribution, transformers)
    if transformers and isinstance(distribution, Recorded):
        raise ValueError(
            "kind='recorded' has probabilities at the limits of y, which have no "
            "density to transform: leave the target as it is, or use kind='plugin'."
        )
    for transformer in reversed(transformers):
        undo = inverse_transformed
        if hasattr(distribution, "by_target"):
            undo = jointly_inverse_transformed
        distribution = undo(distribution, transformer)
    return distribution


def _with_moments(distribution: Any, transformers: list[Any]) -> Any:
    """The normal of the same location and scale where t would leave y no mean."""
    if not transformers:
        return distribution
    fastest = max(growth(transformer) for transformer in transformers)
    if isinstance(distribution, MultivariateT):
        if fastest < np.nanmin(distribution.df, initial=np.inf):
            return distribution
        return MultivariateNormal(
            distribution.loc, distribution.scale, distribution.correlation_root
        )
    if getattr(getattr(distribution, "dist", None), "name", None) != "t":
        return distribution
    (freedom,), loc, scale = parameters_of(distribution)
    if fastest < np.nanmin(freedom, initial=np.inf):
        return distribution
    if fastest == np.inf:
        return stats.norm(loc=loc, scale=scale)
    # Row by row: a row of few degrees of freedom does not make the others certain.
    return FrozenT(np.where(freedom > fastest, freedom, np.inf), loc, scale)


@singledispatch
def unwrap(model: Any, X: Any) -> tuple[Any, Any, Any] | None:
    """What a model consists of: the model inside, its X, and a target transformer.

    None for the end of the chain. ``X`` may be None, as it is inside then. Register a
    function for another kind of wrapper.
    """
    return None


@unwrap.register
def _(model: Pipeline, X: Any) -> tuple[Any, Any, Any]:
    before = model[:-1]
    if len(before) and X is not None:
        X = before.transform(X)
    return model.steps[-1][1], X, None


@unwrap.register
def _(model: BaseSearchCV, X: Any) -> tuple[Any, Any, Any]:
    if not hasattr(model, "best_estimator_"):
        raise AttributeError(
            f"This {type(model).__name__} has no best_estimator_ to predict with: use "
            "refit=True."
        )
    return model.best_estimator_, X, None


@unwrap.register
def _(model: TransformedTargetRegressor, X: Any) -> tuple[Any, Any, Any]:
    return model.regressor_, X, model.transformer_


@unwrap.register
def _(model: FrozenEstimator, X: Any) -> tuple[Any, Any, Any]:
    return model.estimator, X, None


def innermost(model: Any) -> Any:
    """The estimator at the end of the chain."""
    while (inner := unwrap(model, None)) is not None:
        model = inner[0]
    return model


def _of_regressor(chain: list[Any], X: Any, options: dict[str, Any]) -> Any:
    model = chain[-1]
    if hasattr(model, "predict_dist"):
        known = signature(model.predict_dist)
        if options.get("kind") == "auto" and "kind" not in known.parameters:
            options.pop("kind")  # there is but one distribution
        try:
            known.bind_partial(X, **options)
        except TypeError as error:
            raise ValueError(_unknown(options, model)) from error
        return model.predict_dist(X, **options)
    predict = getattr(model, "predict", None)
    if predict is None or "return_std" not in signature(predict).parameters:
        raise TypeError(
            f"{' > '.join(_name(link) for link in chain)} predicts no distribution. "
            "What would do at the end of the chain: GaussianMLRegressor, another "
            "regressor with a method predict_dist(X), or one with predict(X, "
            "return_std=True), such as BayesianRidge."
        )
    if options.get("kind") == "auto":
        options.pop("kind")
    if options:
        raise ValueError(_unknown(options, model))
    return stats.norm(*predict(X, return_std=True))


def _unknown(options: dict[str, Any], model: Any) -> str:
    given = ", ".join(f"{name}={short(value)}" for name, value in options.items())
    return f"{given} is not known to {_name(model)}: leave it out."


def _name(link: Any) -> str:
    return repr(link) if isinstance(link, str) else type(link).__name__
