"""A distribution within an interval, exact in both tails."""

import numpy as np
from scipy import special, stats


class Truncated:
    """The distribution of z given lower < z < upper, in scipy's method names.

    scipy's ``truncnorm`` loses the inverse of small ``sf`` and has no counterpart for
    Student's t. Here one side is "near", the one that loses more mass, and every
    number comes from the logarithm of the probability beyond z seen from there, with
    nothing subtracted from 1:

        far(z)  = (G(z) - G(far limit)) / (G(near limit) - G(far limit))
        G = sf if the lower limit is the near one, cdf if the upper is

    Parameters
    ----------
    base : distribution
        Frozen, of shape (n,) or (n, t).
    lower, upper : float or ndarray of shape (t,)
    """

    def __init__(self, base, lower, upper):
        self.base, self.lower, self.upper = base, lower, upper
        self.mirrored = base.logsf(upper) > base.logcdf(lower)
        self.shape = np.shape(self.mirrored)
        near = np.where(self.mirrored, upper, lower)
        far = np.where(self.mirrored, lower, upper)
        self.log_near = self._log_beyond(near)
        self.lost = np.exp(self._log_beyond(far) - self.log_near)
        self.log_mass = self.log_near + np.log1p(-self.lost)
        if np.any(self.log_mass == -np.inf):
            raise ValueError(
                f"A distribution has no mass between {lower} and {upper}, the range of "
                "the target's transformation."
            )

    def _log_beyond(self, z):
        """log G(z): the upper tail, or the lower one where mirrored."""
        return np.where(self.mirrored, self.base.logcdf(z), self.base.logsf(z))

    def _far(self, z):
        beyond = np.exp(self._log_beyond(z) - self.log_near)
        return (beyond - self.lost) / (1.0 - self.lost)

    def _near(self, z):
        return -np.expm1(self._log_beyond(z) - self.log_near) / (1.0 - self.lost)

    def _clip(self, z):
        return np.clip(z, self.lower, self.upper)

    def logpdf(self, z):
        inside = (np.asarray(z) >= self.lower) & (np.asarray(z) <= self.upper)
        return np.where(inside, self.base.logpdf(z) - self.log_mass, -np.inf)

    def cdf(self, z):
        z = self._clip(z)
        return np.where(self.mirrored, self._far(z), self._near(z))

    def sf(self, z):
        z = self._clip(z)
        return np.where(self.mirrored, self._near(z), self._far(z))

    def logcdf(self, z):
        return self._log(self._clip(z), self.mirrored)

    def logsf(self, z):
        return self._log(self._clip(z), ~self.mirrored)

    def _log(self, z, of_far):
        with np.errstate(divide="ignore"):
            far = np.where(
                self.lost > 0.0,
                np.log(self._far(z)),
                # Beyond where probabilities underflow.
                self._log_beyond(z) - self.log_near,
            )
            return np.where(of_far, far, np.log(self._near(z)))

    def ppf(self, q):
        return self._quantile(q, self.mirrored)

    def isf(self, q):
        return self._quantile(q, ~self.mirrored)

    def _quantile(self, q, of_far):
        q = np.asarray(q, dtype=np.float64)
        kept = 1.0 - self.lost
        with np.errstate(divide="ignore"):
            log_beyond = self.log_near + np.where(
                of_far, np.log(self.lost + q * kept), np.log1p(-q * kept)
            )
        return self._clip(_inverse_tail(self.base, log_beyond, self.mirrored))

    def rvs(self, size=None, random_state=None):
        size = self.shape if size is None else size
        return self.ppf(stats.uniform.rvs(size=size, random_state=random_state))


def _inverse_tail(base, log_probability, lower_tail):
    """z with log cdf(z), or log sf(z), of this value."""
    if getattr(getattr(base, "dist", None), "name", None) == "norm":
        # Exact where the probability itself underflows.
        sign = np.where(lower_tail, 1.0, -1.0)
        return base.mean() + sign * base.std() * special.ndtri_exp(log_probability)
    # The probability above one half would lose what is left of 1.
    small = np.minimum(np.exp(log_probability), 0.5)
    rest = np.minimum(-np.expm1(log_probability), 0.5)
    from_below = (log_probability < -np.log(2.0)) == lower_tail
    p = np.where(log_probability < -np.log(2.0), small, rest)
    return np.where(from_below, base.ppf(p), base.isf(p))
