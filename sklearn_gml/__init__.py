"""Linear regression that knows its likelihood, for scikit-learn.

:class:`GaussianMLRegressor` says ``y | x ~ N(mu(x), sigma(x)^2)`` with a linear
``mu`` and a constant or log-linear ``sigma``, maximises the log-likelihood of the
data explicitly, and keeps what that gives: coefficients, noise, a distribution for
every prediction and a log-likelihood to choose models by.

The way of the data is one direction, and imports run the same way, from the
top floor down::

    floor 6   dask            the same sums over a cluster
    floor 5   _regressor      the estimator: validates, orchestrates, exposes
    floor 4   _matrix_free    the objective of wide sparse rows
              _nonnegative    the objective over coefficients that are not negative
              _varying        the objective with noise that varies
              _prediction     what a fitted model says of new rows and of itself
              _streaming      rows in batches: a sum that goes on
    floor 3   _likelihood     objectives: value, gradient, information
              _varying_point  the same where noise varies
              _maximize       Newton and L-BFGS over any objective
              _inference      covariance of the parameters, from the factor
    floor 2   _statistics     what a fit needs to know of its rows, and sums of it
              _row_sums       what it sums over them again where noise varies
              _coordinates    coordinates in which that is well conditioned
    floor 1   _noise          which columns drive the noise; linear predictors
              _reduction      rows to one triangular factor
              _refinement     the last Newton step, in doubled precision
    floor 0   _linalg         triangular factors: rank, condition, solve
              _doubled        matrix products in doubled precision
              _blocks         rows in cache-sized float64 blocks
              _validation     input checks
              _serialization  statistics as plain numbers, and back
              _chunks         Dask collections in chunks of rows, and sums over them
              _callbacks      scikit-learn's callbacks, where it has them
              exceptions      warnings

    X, y, w -> validate once -> blocks -> GaussianStatistics ---------+-> objective
                                      \\-> (noise varies: row sums) --/
    objective -> maximise -> Solution -> coef_, intercept_, sigma_, loglik_
"""

from ._regressor import GaussianMLRegressor
from ._statistics import GaussianStatistics
from .exceptions import DegenerateFitWarning, RankDeficiencyWarning

__version__ = "0.1.0"

__all__ = [
    "DegenerateFitWarning",
    "GaussianMLRegressor",
    "GaussianStatistics",
    "RankDeficiencyWarning",
    "__version__",
]
