"""The likelihood of a fitted linear model, seen from its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq
from sklearn.utils.validation import check_is_fitted

from .._distributions.parameters import check_probability
from .._inference.fit import Fit
from .._inference.inference import inference_of
from .plotting import BLUE, GREY, VERMILION, one_axes

LEVELS = (0.5, 0.8, 0.95)  # of the regions of a surface
WIDTH = 1.6  # of the picture, in half widths of the interval


class LikelihoodDisplay:
    r"""Log-likelihood along one parameter, or over two, relative to its maximum.

    Everything else is at its best: the profile. With constant noise it is closed form,
    because moving some coefficients by d costs :math:`d'V^{-1}d` in the sum of squares
    (V their block of :math:`(X'X)^{-1}`), and the best sigma follows:

    .. math::

        l(d) - l(0) = -\tfrac n2 \log\left(1 + \frac{d'V^{-1}d}{RSS}\right)

    The interval is where :math:`2 (l_{max} - l)` is less than the quantile of
    chi-squared: a likelihood interval. Create with :meth:`from_estimator`.

    Parameters
    ----------
    values : tuple of ndarray
        Of the one parameter (m,), or of both (m,) and (k,).
    relative_loglik : ndarray of shape (m,) or (k, m)
        The log-likelihood less its maximum.
    estimate : tuple of float
        Where the maximum is.
    names : tuple of str
        Labels of the parameters.
    interval : pair of float, or None
        Of one parameter.
    level : float, default=0.95
        Probability of the interval.

    Attributes
    ----------
    curve_, interval_, estimate_ : matplotlib artists
        Along one parameter.
    surface_, estimate_ : matplotlib artists
        Over two.
    ax_, figure_ : matplotlib axes and figure
    """

    def __init__(
        self,
        values: tuple[NDArray, ...],
        relative_loglik: NDArray,
        estimate: tuple[float, ...],
        names: tuple[str, ...],
        interval: tuple[float, float] | None = None,
        level: float = 0.95,
    ):
        self.values = values
        self.relative_loglik = relative_loglik
        self.estimate = estimate
        self.names = names
        self.interval = interval
        self.level = level

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        parameters: Any = "sigma",
        *,
        level: float = 0.95,
        names: Sequence[str] | None = None,
        ax: Any = None,
    ) -> LikelihoodDisplay:
        """Compute the profile from the fit, without its rows, and draw.

        Parameters
        ----------
        estimator : fitted GaussianMLRegressor
            With constant noise, ``alpha=0``, one target.
        parameters : str, int, or a pair of these
            ``"sigma"``, ``"intercept"``, or a column by name or position.
        level : float, default=0.95
            Probability of the interval.
        names : sequence of str, optional
            Labels, perhaps with units.
        ax : matplotlib axes, optional
            Where to draw; by default on a new figure.

        Returns
        -------
        LikelihoodDisplay
            With what was computed and drawn.

        Raises
        ------
        TypeError, ValueError
            For a model without ``statistics_`` or whose likelihood is another, and for
            a level that is no probability.
        """
        check_probability("level", level)
        pair = isinstance(parameters, (tuple, list))
        parameters = tuple(parameters) if pair else (parameters,)
        if len(parameters) not in (1, 2):
            raise ValueError(f"One parameter or two can be drawn, got {parameters}.")
        profile = Profile(estimator, parameters)
        values: tuple[NDArray, ...]
        interval: tuple[float, float] | None
        if len(parameters) == 1:
            interval = profile.interval(0, level)
            values = (profile.around(0, interval),)
            relative = profile(*values)
        else:
            interval = None
            # As far as the widest region reaches, which has two degrees of freedom.
            reach = stats.chi2.cdf(stats.chi2.ppf(LEVELS[-1], 2), 1)
            values = tuple(
                profile.around(j, profile.interval(j, reach)) for j in (0, 1)
            )
            relative = profile(*np.meshgrid(*values))
        names = tuple(names or profile.names)
        display = cls(values, relative, profile.estimate, names, interval, level)
        return display.plot(ax=ax)

    def plot(self, ax: Any = None) -> LikelihoodDisplay:
        """Draw onto axes, or onto new ones.

        Parameters
        ----------
        ax : matplotlib axes, optional
            Where to draw; by default on a new figure.

        Returns
        -------
        LikelihoodDisplay
            Itself.
        """
        with one_axes(ax) as ax:
            self.ax_, self.figure_ = ax, ax.figure
            (self._draw_curve if len(self.values) == 1 else self._draw_surface)()
        return self

    def _draw_curve(self) -> None:
        ax, (x,) = self.ax_, self.values
        cut = -stats.chi2.ppf(self.level, 1) / 2.0
        (self.curve_,) = ax.plot(x, self.relative_loglik, color=BLUE, label="profile")
        low, high = (np.nan, np.nan) if self.interval is None else self.interval
        inside = (x >= low) & (x <= high)
        self.interval_ = ax.fill_between(
            x,
            cut,
            self.relative_loglik,
            where=inside,
            color=BLUE,
            alpha=0.2,
            linewidth=0,
            label=f"{100 * self.level:g} % interval",
        )
        ax.axhline(cut, color=GREY, linewidth=0.8, linestyle=":")
        (self.estimate_,) = ax.plot(
            self.estimate, [0.0], "o", color=VERMILION, label="estimate"
        )
        ax.set(xlabel=self.names[0], ylabel="log-likelihood below its maximum (nats)")
        ax.set_ylim(min(1.1 * self.relative_loglik.min(), 2 * cut), 0.25 * -cut)
        ax.legend(frameon=False, loc="lower center")

    def _draw_surface(self) -> None:
        ax = self.ax_
        depths = -stats.chi2.ppf(LEVELS[::-1], 2) / 2.0
        ax.contourf(
            *self.values,
            self.relative_loglik,
            levels=[*depths, 0.0],
            colors=BLUE,
            alpha=0.18,
        )
        self.surface_ = ax.contour(
            *self.values,
            self.relative_loglik,
            levels=depths,
            colors=BLUE,
            linestyles="solid",
        )
        labels = [f"{100 * level:g} %" for level in LEVELS[::-1]]
        ax.clabel(self.surface_, fmt=dict(zip(depths, labels, strict=True)))
        (self.estimate_,) = ax.plot(
            *([value] for value in self.estimate),
            "o",
            color=VERMILION,
            label="estimate, regions of joint confidence",
        )
        ax.set(xlabel=self.names[0], ylabel=self.names[1])
        ax.legend(
            frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), borderpad=0
        )


class Profile:
    """Relative log-likelihood as a function of some parameters of a fit."""

    def __init__(self, estimator: Any, parameters: tuple):
        fit = _fit_of(estimator)
        position = {
            j: _position(fit, parameter)
            for j, parameter in enumerate(parameters)
            if parameter != "sigma"
        }
        self.names = tuple(_name(fit, parameter) for parameter in parameters)
        weights, rank = fit.sum_weights, fit.rank
        freedom = weights - rank if fit.settings.restricted else weights
        self.weights = weights
        self.squares = freedom * fit.sigma[0] ** 2
        # The maximum of the likelihood, whatever estimate the model reports.
        sigma = np.sqrt(self.squares / weights)
        (covariance,) = inference_of(fit).covariances("classical")
        (coefficients,) = fit.mean
        self.moved = list(position)
        self.sigma = next((j for j, p in enumerate(parameters) if p == "sigma"), None)
        places = list(position.values())
        # RSS * V: the covariance has s^2 = RSS / (n - rank).
        self.scatter = covariance[np.ix_(places, places)] * (weights - rank)
        if not np.all(np.isfinite(self.scatter)):
            raise ValueError(
                f"The data do not identify {' and '.join(self.names)}: the likelihood "
                "is flat along it."
            )
        at = {j: coefficients[place] for j, place in position.items()}
        self.estimate = tuple(float(at.get(j, sigma)) for j in range(len(parameters)))

    def __call__(self, *values: Any) -> Any:
        """Log-likelihood less its maximum, the other parameters at their best."""
        shape = np.shape(values[0])
        growth = np.zeros(shape)  # of the sum of squares, relative
        if self.moved:
            d = np.stack([values[j] - self.estimate[j] for j in self.moved])
            d = d.reshape(len(self.moved), -1)
            growth = np.sum(d * np.linalg.solve(self.scatter, d), axis=0).reshape(shape)
        if self.sigma is None:
            return -0.5 * self.weights * np.log1p(growth)
        ratio = values[self.sigma] / self.estimate[self.sigma]
        return self.weights * (0.5 - np.log(ratio) - 0.5 * (1.0 + growth) / ratio**2)

    def interval(self, j: int, level: float) -> tuple[float, float]:
        """Ends of the likelihood interval of one parameter."""
        cut = stats.chi2.ppf(level, 1) / 2.0
        centre = self.estimate[j]
        if j != self.sigma:
            place = self.moved.index(j)
            scatter = self.scatter[place, place]
            reach = np.sqrt(scatter * np.expm1(2.0 * cut / self.weights))
            return centre - reach, centre + reach

        def above(log_ratio: float) -> float:
            return cut + self.weights * (
                0.5 - log_ratio - 0.5 * np.exp(-2.0 * log_ratio)
            )

        # Falling on both sides, at least linearly on the right, faster on the left.
        far = 1.0 + cut / self.weights
        low, high = brentq(above, -far, 0.0), brentq(above, 0.0, far)
        return float(centre * np.exp(low)), float(centre * np.exp(high))

    def around(self, j: int, interval: tuple[float, float]) -> NDArray:
        """Values for a picture of an interval."""
        centre = self.estimate[j]
        low, high = (centre + WIDTH * (end - centre) for end in interval)
        if j == self.sigma:
            low = max(low, 0.2 * interval[0])
        return np.linspace(low, high, 201)


def _fit_of(estimator: Any) -> Fit:
    check_is_fitted(estimator)
    fit = getattr(estimator, "_fit", None)
    if not isinstance(fit, Fit):
        raise TypeError(
            "The likelihood of a fitted GaussianMLRegressor can be drawn, got "
            f"{type(estimator).__name__}. Of a pipeline, pass the last step."
        )
    for name, allowed in (("alpha", 0.0), ("noise", "constant"), ("positive", False)):
        value = getattr(fit.settings, name)
        if fit.prior.exists if name == "alpha" else value != allowed:
            raise ValueError(
                f"{name}={value!r} has no profile in closed form: use "
                f"{name}={allowed!r}."
            )
    if fit.statistics is None:
        raise ValueError(
            "The likelihood of wide sparse X has no profile in closed form, because no "
            "information matrix is formed: use fewer columns or dense X."
        )
    if not fit.vector_target:
        raise ValueError("The likelihood of one target can be drawn: fit it alone.")
    return fit


def _name(fit: Fit, parameter: Any) -> str:
    if isinstance(parameter, str):
        return parameter
    names = fit.feature_names
    return f"coefficient {parameter}" if names is None else names[parameter]


def _position(fit: Fit, parameter: Any) -> int:
    """Row of a parameter in the covariance, the intercept first if there is one."""
    has_intercept = fit.settings.fit_intercept
    if parameter == "intercept" and has_intercept:
        return 0
    if isinstance(parameter, str):
        names = list(fit.feature_names or ())
        if parameter not in names:
            raise ValueError(
                f"There is no parameter {parameter!r}: use 'sigma', 'intercept', a "
                f"name among {names} or a position."
            )
        parameter = names.index(parameter)
    if not 0 <= parameter < fit.n_features:
        raise ValueError(
            f"There is no coefficient {parameter}: the model has {fit.n_features}."
        )
    return int(parameter) + has_intercept
