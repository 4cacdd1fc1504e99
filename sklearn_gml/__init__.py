"""Linear regression that knows its likelihood, for scikit-learn.

:class:`GaussianMLRegressor` says ``y | x ~ N(mu(x), sigma(x)^2)`` with a linear
``mu`` and a constant or log-linear ``sigma``, maximises the log-likelihood of the
data explicitly, and keeps what that gives: coefficients, noise, a distribution for
every prediction and a log-likelihood to choose models by.

The way of the data is one direction, and imports run the same way, from the
top floor down::

    floor 6   dask            the same sums over a cluster
    floor 5   _regressor      the estimator: validates, orchestrates, exposes
              displays        pictures: what the rooms of displays below draw
    floor 4   _predictive_display  predictions with intervals
              _calibration_displays  whether predicted distributions come true
              _matrix_free    the objective of wide sparse rows
              metrics         scores of distributions, scorers of models
              _nonnegative    the objective over coefficients that are not negative
              _varying        the objective with noise that varies
              _diagnosis      warnings: what solver or data did not give
              _prediction     what a fitted model says of new rows
              _inference_methods  what it says of its parameters
              _summary_methods  the same as a table
              _influence_methods  what it says of single rows
              _comparison     one model against a larger one
              _streaming      rows in batches: a sum that goes on
    floor 3   _likelihood     objectives: value, gradient, information
              _varying_point  the same where noise varies
              _maximize       Newton and L-BFGS over any objective
              _constant_noise how surely the parameters are known: from the factor
              _varying_noise  the same where noise varies: from the information
              _compose        the distribution of a whole model: pipelines, targets
    floor 2   _statistics     what a fit needs to know of its rows, and sums of it
              _row_sums       what it sums over them again where noise varies
              _coordinates    coordinates in which that is well conditioned
              _inference      estimates with their covariance: tests, intervals
              _influence      rows seen through the factor of a fit
              _summary        the table, as text, HTML and data frame
              _scores         scores of distributions: the formulas
              _likelihood_display  pictures of a fit's likelihood
    floor 1   _noise          which columns drive the noise; linear predictors
              _distributions  distributions of targets that were transformed
              _chunked_distribution  distributions at the rows of Dask collections
              _reduction      rows to one triangular factor
              _refinement     the last Newton step, in doubled precision
    floor 0   _transformations  monotone maps, and scikit-learn's among them
              _numerical_transformation  those of which only two functions are known
              _plotting       axes and colours of the displays
              _quadrature     integrals over probabilities, of all rows at once
              _truncation     a distribution within an interval
              _linalg         triangular factors: rank, condition, solve
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

from ._comparison import likelihood_ratio_test
from ._compose import predict_dist
from ._regressor import GaussianMLRegressor
from ._statistics import GaussianStatistics
from ._summary import pipeline_summary
from .exceptions import DegenerateFitWarning, RankDeficiencyWarning

__version__ = "0.1.0"

__all__ = [
    "DegenerateFitWarning",
    "GaussianMLRegressor",
    "GaussianStatistics",
    "RankDeficiencyWarning",
    "__version__",
    "likelihood_ratio_test",
    "pipeline_summary",
    "predict_dist",
]
