"""What a model inside of pipelines, searches and the like has learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._distributions.predict_dist import unwrap
from .table import Summary
from .wald import WaldTest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def pipeline_summary(
    pipeline: Any, *, X: Any = None, y: ArrayLike | None = None, **parameters: Any
) -> Summary:
    """Summary of the model in a pipeline, its columns named by the steps before.

    Looks through pipelines, grid and other searches (``best_estimator_``), transformed
    targets and frozen estimators, in any nesting, as :func:`predict_dist` does. Of a
    transformed target, the summary is that of the transformed values.

    Parameters
    ----------
    pipeline : Pipeline, search or TransformedTargetRegressor
        Fitted, with a :class:`GaussianMLRegressor` at the end of the chain.
    X, y : array-like, optional
        The rows as they were given to the ``fit`` of ``pipeline``, if needed for a
        robust kind: they are transformed as there.
    **parameters
        Passed on to :meth:`GaussianMLRegressor.summary`.

    Returns
    -------
    Summary
        That of the model inside.

    Raises
    ------
    TypeError
        If the model at the end of the chain has no ``summary``.
    NotFittedError
        If ``pipeline`` is not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import PolynomialFeatures
    >>> from sklearn_gml import GaussianMLRegressor, pipeline_summary
    >>> x = np.linspace(0, 1, 20)[:, None]
    >>> y = x[:, 0] ** 2 + 0.01 * np.cos(40 * x[:, 0])
    >>> curve = make_pipeline(
    ...     PolynomialFeatures(2, include_bias=False), GaussianMLRegressor()
    ... ).fit(x, y)
    >>> pipeline_summary(curve).targets[0].estimates.names
    ('intercept', 'x0', 'x0^2')
    """
    model, rows = _inside(pipeline, "summary", X, y)
    return model.summary(**rows, **parameters)


def pipeline_wald_test(
    pipeline: Any,
    hypotheses: Any,
    values: ArrayLike = 0.0,
    *,
    X: Any = None,
    y: ArrayLike | None = None,
    **parameters: Any,
) -> WaldTest:
    """Wald test of the model in a pipeline, its columns named by the steps before.

    Parameters
    ----------
    pipeline : Pipeline, search or TransformedTargetRegressor
        As in :func:`pipeline_summary`, which shows the names.
    hypotheses, values : see :meth:`GaussianMLRegressor.wald_test`
        About the columns as the steps before name them.
    X, y : array-like, optional
        The rows as they were given to the ``fit`` of ``pipeline``, if needed for a
        robust kind: they are transformed as there.
    **parameters
        Passed on to :meth:`GaussianMLRegressor.wald_test`.

    Returns
    -------
    WaldTest
        That of the model inside.

    Raises
    ------
    TypeError
        If the model at the end of the chain has no ``wald_test``.
    NotFittedError
        If ``pipeline`` is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import PolynomialFeatures
    >>> from sklearn_gml import GaussianMLRegressor, pipeline_wald_test
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> curve = make_pipeline(
    ...     PolynomialFeatures(2, include_bias=False), GaussianMLRegressor()
    ... ).fit(X[["bmi", "bp"]], y)
    >>> test = pipeline_wald_test(curve, ["bmi^2", "bmi bp", "bp^2"])
    >>> print(str(test).splitlines()[0])
    F(3, 436) = 1.994, p = 0.11
    """
    model, rows = _inside(pipeline, "wald_test", X, y)
    return model.wald_test(hypotheses, values, **rows, **parameters)


def _inside(outer: Any, method: str, X: Any, y: Any) -> tuple[Any, dict[str, Any]]:
    """The model inside, and what it is to be told of its columns and rows."""
    check_is_fitted(outer)
    model, names = outer, None
    while (inner := unwrap(model, X)) is not None:
        if isinstance(model, Pipeline) and len(model) > 1:
            names = model[:-1].get_feature_names_out(names)
        model, X, transformer = inner
        if transformer is not None and y is not None:
            y = _transformed(y, transformer)
    if not hasattr(model, method):
        raise TypeError(
            f"pipeline must have a GaussianMLRegressor at its end, got "
            f"{type(model).__name__}, which has no method {method}."
        )
    rows = {"X": X, "y": y}
    return model, rows if names is None else {"feature_names": names, **rows}


def _transformed(y: Any, transformer: Any) -> Any:
    """The target that the model inside was fitted to."""
    array = np.asarray(y)
    if array.ndim > 1:
        return transformer.transform(array)
    values = transformer.transform(array[:, None])
    return values[:, 0] if values.shape[1] == 1 else values
