"""Pictures of models and their predictions, drawn with matplotlib (extra ``plot``).

In the manner of scikit-learn's displays: ``from_estimator`` or ``from_predictions``
compute and draw, ``plot(ax=...)`` draws again, what was drawn are attributes that end
in ``_``.
"""

from .calibration import CalibrationDisplay
from .likelihood import LikelihoodDisplay
from .predictive import PredictiveDisplay
from .residuals import ResidualsDisplay

__all__ = [
    "CalibrationDisplay",
    "LikelihoodDisplay",
    "PredictiveDisplay",
    "ResidualsDisplay",
]
