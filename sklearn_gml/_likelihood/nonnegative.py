"""The likelihood over coefficients that must not be negative."""

import numpy as np
from scipy import optimize

from .._linalg.triangular import column_norms, power_of_two
from .constant import ConstantObjective


class NonNegativeObjective(ConstantObjective):
    """The same likelihood over non-negative coefficients.

    The quadratic in b has its constrained maximum at the solution of a
    non-negative least-squares problem on the same factor, so that one step
    still suffices.
    """

    lower_slope = 0.0

    def __init__(self, statistics, **settings):
        super().__init__(statistics, **settings)
        # Bounds can keep any number of parameters from an exact fit.
        self.saturated = False

    def shortest(self, coef):
        """The coefficients as they are: others might cross a bound."""
        return coef

    def refined(self, point, rows):
        """The estimate as it is: a step may cross a bound."""
        return self.estimate(point)

    def slope_step(self, residual, coef):
        information_root, target = (
            self.information_root,
            residual + self.information_root @ coef,
        )
        if self.prior.exists:
            ridge = np.diag(np.sqrt(self.prior.finite))
            information_root = np.vstack([information_root, ridge])
            target = np.vstack([target, np.zeros_like(coef)])
        if not len(information_root):
            # A single row does not determine slopes, and nnls of an empty matrix
            # returns uninitialised memory.
            return -coef
        scale = power_of_two(column_norms(information_root))
        scaled = information_root / scale
        # The tolerance of nnls takes the target to be of the size of the columns.
        size = power_of_two(column_norms(target))
        columns = [optimize.nnls(scaled, column)[0] for column in (target / size).T]
        return np.column_stack(columns) * size / scale[:, None] - coef
