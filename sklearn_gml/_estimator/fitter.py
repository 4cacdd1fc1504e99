"""Fitting a regressor of any kind with weights: under which name it takes them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils._metadata_requests import _routing_enabled
from sklearn.utils.metadata_routing import MetadataRouter, get_routing_for_object
from sklearn.utils.validation import _check_method_params

from .._data.validation import validate_sample_weight

Array = NDArray[np.float64]


def weight_name(regressor: BaseEstimator) -> str | None:
    """The parameter of ``regressor.fit`` that carries weights of rows, or None.

    With metadata routing, what passes weights on has to be asked to. Without it,
    pipelines take the weights of their last step under a name of their own.
    """
    if _routing_enabled():
        routing = get_routing_for_object(regressor)
        if isinstance(routing, MetadataRouter):
            asked = routing.consumes("fit", {"sample_weight"})
            return "sample_weight" if asked else None
    elif isinstance(regressor, Pipeline):
        step, last = regressor.steps[-1]
        inner = weight_name(last)
        return None if inner is None else f"{step}__{inner}"
    elif isinstance(regressor, BaseSearchCV):
        return weight_name(regressor.estimator)
    elif isinstance(regressor, TransformedTargetRegressor):
        return weight_name(regressor.regressor or LinearRegression())
    parameters = signature(regressor.fit).parameters
    # Ensembles of estimators of several kinds declare **fit_params alone.
    takes_any = any(one.kind is Parameter.VAR_KEYWORD for one in parameters.values())
    return "sample_weight" if "sample_weight" in parameters or takes_any else None


@dataclass(frozen=True, eq=False)
class Fitter:
    """Fits clones of a regressor to rows.

    Attributes
    ----------
    role : str
        What the regressor is for, for messages.
    regressor : regressor
    weight : ndarray of shape (n,), or None
        Frequencies of the rows.
    parameters : dict
        Further parameters of its ``fit``, for all n rows where they are of rows.
    """

    role: str
    regressor: BaseEstimator
    weight: Array | None
    parameters: dict

    @classmethod
    def of(
        cls, role: str, regressor: BaseEstimator, parameters: dict, y: Array
    ) -> Fitter:
        """A fitter of which ``sample_weight`` is among the parameters, if given."""
        parameters = dict(parameters)
        weight = validate_sample_weight(parameters.pop("sample_weight", None), y)
        return cls(role, regressor, weight, parameters)

    def fit(
        self, X: Any, y: Array, rows: NDArray[np.intp], precision: Array | None = None
    ) -> BaseEstimator:
        """A clone fitted to some rows.

        Parameters
        ----------
        X : array-like
            All n rows.
        y : ndarray of shape (n,)
            Targets of all rows.
        rows : ndarray of int
            Positions of these rows.
        precision : ndarray of shape (n,), optional
            Weights of all rows beside their frequencies.

        Raises
        ------
        TypeError
            If there are weights and the regressor takes none.
        """
        weights = [one for one in (self.weight, precision) if one is not None]
        parameters = _check_method_params(X, self.parameters, rows)
        if weights:
            name = weight_name(self.regressor)
            if name is None:
                raise TypeError(self._refusal())
            parameters[name] = math.prod(weights)[rows]
        return clone(self.regressor).fit(_safe_indexing(X, rows), y[rows], **parameters)

    def _refusal(self) -> str:
        remedy = "use one whose fit has the parameter sample_weight"
        if _routing_enabled():
            remedy = (
                "call set_fit_request(sample_weight=True) on the regressor inside it, "
                f"or {remedy}"
            )
        return (
            f"{self.role}={self.regressor!r} takes no weights of rows, which "
            f"sample_weight and n_rounds > 1 need: {remedy}."
        )
