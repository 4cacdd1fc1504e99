"""Distributions at the rows of Dask collections, lazily and chunk by chunk."""

import dask
import numpy as np

from .chunks import ChunkedRows


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
    options : dict
        Keyword arguments of ``predict_dist``; Dask collections have a value for each
        row.
    """

    def __init__(self, model, X, options):
        self._model, self._X = model, X
        lazy = {name for name in options if dask.is_dask_collection(options[name])}
        self._by_row = {name: options[name] for name in lazy}
        self._options = {name: options[name] for name in options.keys() - lazy}

    def _lazily(self, method, *arguments, **settings):
        aligned = {}
        if arguments and dask.is_dask_collection(arguments[0]):
            aligned, arguments = {"x": arguments[0]}, ()
        return ChunkedRows.of(self._X, **aligned, **self._by_row).map(
            _of_distribution,
            np.empty((0, *self._model.coef_.shape[:-1])),
            model=self._model,
            options=self._options,
            method=method,
            arguments=arguments,
            **settings,
        )

    def interval(self, confidence):
        """``(lower, upper)`` ends of the central interval of this probability."""
        return tuple(self._lazily("interval", confidence, end=end) for end in (0, 1))


def _lazy_method(name):
    def method(self, *x):
        return self._lazily(name, *x)

    method.__name__ = name
    method.__doc__ = f"``{name}`` of the distribution at each row, see ``scipy.stats``."
    return method


for _name in ("mean", "median", "std", "var"):
    setattr(ChunkedDistribution, _name, _lazy_method(_name))
for _name in ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf"):
    setattr(ChunkedDistribution, _name, _lazy_method(_name))


def _of_distribution(
    X, x=None, *, model, options, method, arguments=(), end=None, **by_row
):
    distribution = model.predict_dist(X, **options, **by_row)
    if x is not None:
        arguments = (np.asarray(x),)
    value = getattr(distribution, method)(*arguments)
    return value if end is None else value[end]
