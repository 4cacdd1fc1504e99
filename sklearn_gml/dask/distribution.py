"""Distributions at the rows of Dask collections, lazily and chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import dask
import numpy as np

from .chunks import ChunkedRows, Collection

if TYPE_CHECKING:
    from .._estimator.regressor import GaussianMLRegressor


def _lazy_moment(name: str) -> Callable[[ChunkedDistribution], Collection]:
    def method(self: ChunkedDistribution) -> Collection:
        return self._lazily(name)

    method.__name__ = name
    method.__doc__ = f"""``{name}`` of the distribution at each row.

        Returns
        -------
        Dask array of shape (n,) or (n, t)
            As ``{name}`` of ``scipy.stats``.
        """
    return method


def _lazy_function(name: str) -> Callable[[ChunkedDistribution, Any], Collection]:
    def method(self: ChunkedDistribution, x: Any) -> Collection:
        return self._lazily(name, x)

    method.__name__ = name
    method.__doc__ = f"""``{name}`` of the distribution at each row.

        Parameters
        ----------
        x : float, or Dask collection of as many rows
            A value of y; of ``ppf`` and ``isf``, a probability.

        Returns
        -------
        Dask array of shape (n,) or (n, t)
            As ``{name}`` of ``scipy.stats``.
        """
    return method


# Methods of single targets only.
BY_TARGET = ("cdf", "logcdf", "sf", "logsf", "ppf", "isf")


class ChunkedDistribution:
    """The distribution of y at the rows of a Dask collection.

    Every method is that of the distribution which ``predict_dist`` of the plain model
    returns for each chunk, and gives a Dask array with an entry for each row. There is
    no ``rvs``: chunks would need random states of their own.

    Parameters
    ----------
    model : GaussianMLRegressor
        Fitted.
    X : Dask array or data frame
        The rows.
    options : dict
        Keyword arguments of ``predict_dist``; Dask collections have a value for each
        row.
    """

    def __init__(
        self, model: GaussianMLRegressor, X: Collection, options: dict[str, Any]
    ) -> None:
        self._model, self._X = model, X
        lazy = {name for name in options if dask.is_dask_collection(options[name])}
        self._by_row = {name: options[name] for name in lazy}
        self._options = {name: options[name] for name in options.keys() - lazy}

    def _lazily(self, method: str, *arguments: Any, **settings: Any) -> Collection:
        joint = self._model._fit.joint
        if joint and method in BY_TARGET:
            raise TypeError(
                f"A joint distribution of several targets has no {method}: use the "
                "model of covariance='diagonal', whose targets have one each."
            )
        shape = self._model.coef_.shape[:-1]
        for value in arguments:
            if not dask.is_dask_collection(value) and np.shape(value) not in (
                (),
                shape,
            ):
                raise ValueError(
                    f"{method} of the rows of Dask collections takes a number, or a "
                    "Dask collection with a value for each row, got an array of shape "
                    f"{np.shape(value)}: call it once for each number."
                )
        if joint and method in ("pdf", "logpdf"):
            shape = ()
        aligned = {}
        if arguments and dask.is_dask_collection(arguments[0]):
            aligned, arguments = {"x": arguments[0]}, ()
        return ChunkedRows.of(self._X, **aligned, **self._by_row).map(
            _of_distribution,
            np.empty((0, *shape)),
            model=self._model,
            options=self._options,
            method=method,
            arguments=arguments,
            **settings,
        )

    mean = _lazy_moment("mean")
    median = _lazy_moment("median")
    std = _lazy_moment("std")
    var = _lazy_moment("var")
    pdf = _lazy_function("pdf")
    logpdf = _lazy_function("logpdf")
    cdf = _lazy_function("cdf")
    logcdf = _lazy_function("logcdf")
    sf = _lazy_function("sf")
    logsf = _lazy_function("logsf")
    ppf = _lazy_function("ppf")
    isf = _lazy_function("isf")

    def interval(self, confidence: float) -> tuple[Collection, Collection]:
        """Ends of the central interval of a probability.

        Parameters
        ----------
        confidence : float
            The probability.

        Returns
        -------
        lower, upper : Dask array of shape (n,) or (n, t)
            Values that y falls below and above with half of the rest.
        """
        return (
            self._lazily("interval", confidence, end=0),
            self._lazily("interval", confidence, end=1),
        )


def _of_distribution(
    X: Any,
    x: Any = None,
    *,
    model: GaussianMLRegressor,
    options: dict[str, Any],
    method: str,
    arguments: tuple[Any, ...] = (),
    end: int | None = None,
    **by_row: Any,
) -> Any:
    distribution = model.predict_dist(X, **options, **by_row)
    if x is not None:
        arguments = (np.asarray(x),)
    value = getattr(distribution, method)(*arguments)
    return value if end is None else value[end]
