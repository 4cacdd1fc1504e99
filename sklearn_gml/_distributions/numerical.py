"""A monotone transformation of which only two functions are known."""

import warnings

import numpy as np
from scipy.differentiate import derivative

from .transformations import point_at

# Tail probabilities that say where a distribution lies, out to the smallest that
# scipy inverts for Student's t (beyond 1e-290 it gives the other infinity).
TAILS = np.concatenate([10.0 ** -np.arange(280, 2, -9.0), np.linspace(0.01, 0.5, 15)])
BULK = 1e-6  # tail probability that bounds where nearly all values are

# z and g(h(z)) are the same if they agree to this, relative to the spread of z or to
# its size. TransformedTargetRegressor requires 1e-5.
ROUND_TRIP = 1e-6

DERIVATIVE_RTOL = 1e-11  # asked for
DERIVATIVE_LIMIT = 1e-7  # refused beyond, so that the density keeps seven digits
# Where the range ends the two branches of a square differ by as little as one likes.
END_OF_RANGE = 1e-14

SHORTER = 32.0  # steps where a singularity or a kink is near, as many times as TRIES
TRIES = 6  # a smaller step would lose more to rounding than DERIVATIVE_LIMIT
POINTS = 513  # where monotonicity is looked at
NEAR, NEARER = 1e-4, 1e-8  # distances to the end of a range, in spreads
BISECTIONS = 1100  # from any float64 to a neighbour of any other


class NumericalTransformation:
    """z = g(y) by ``transform`` and its inverse h by ``inverse_transform``.

    The range of g is where ``g(h(z)) = z``, found by bisection around where the
    distribution of z lies; a transformation whose h is not monotone there, or whose g
    turns back near there, is refused. ``log |g'(y)| = -log |h'(g(y))|`` is taken of h,
    because z has a natural step, its spread, and y has none.

    Parameters
    ----------
    transformer : fitted transformer
    distribution : frozen distribution of z, of shape (n,) or (n, t)

    Raises
    ------
    ValueError
        If the functions are not inverse to each other, not monotone, or mix targets;
        if nothing is known of a target in any row.
    """

    kinks: tuple = ()

    def __init__(self, transformer, distribution):
        self.transformer = transformer
        self.name = " ".join(repr(transformer).split())
        shape = np.shape(distribution.ppf(0.5))
        self.vector = len(shape) < 2
        width = 1 if self.vector else shape[-1]

        # Rows whose distribution is NaN have no quantiles.
        known = np.isfinite(distribution.ppf(0.5)).reshape(-1, width)
        if not known.any(axis=0).all():
            raise ValueError(
                f"No distribution can be taken through {self.name}: in no row is "
                f"anything known of target {np.argmin(known.any(axis=0))}, because its "
                "distribution there has NaN for its parameters."
            )

        def rows_of(quantiles):
            return np.where(known, quantiles.reshape(-1, width), np.nan)

        def extremes(quantiles):
            rows = rows_of(quantiles)
            return np.nanquantile(rows, [0.0, 0.5, 1.0], axis=0, method="nearest")

        # One probability at a time: all of them for a million rows are many numbers.
        z = [extremes(distribution.ppf(tail)) for tail in TAILS]
        z += [extremes(distribution.isf(tail)) for tail in TAILS]
        z = np.sort(np.concatenate(z), axis=0)
        self.row = z[len(z) // 2]
        self._check_columns(transformer)
        within = distribution.isf(0.16) - distribution.ppf(0.16)
        self.spread = np.nanmedian(rows_of(within), axis=0) / 2.0

        low = np.nanmin(rows_of(distribution.ppf(BULK)), axis=0)
        high = np.nanmax(rows_of(distribution.isf(BULK)), axis=0)
        columns = [self._survey(j, z[:, j], low[j], high[j]) for j in range(width)]
        ranges, domains, growths, increasing, y_spreads = zip(*columns, strict=True)
        self.range = self._ends(ranges)
        self.domain = self._ends(domains)
        self.growth = self._ends(growths)
        self.increasing = self._per_target(increasing)
        self.y_spread = self._per_target(y_spreads)

    def _per_target(self, values):
        return values[0] if self.vector else np.array(values)

    def _ends(self, pairs):
        return tuple(self._per_target(values) for values in zip(*pairs, strict=True))

    def _check_columns(self, transformer):
        """Each target must be transformed by itself."""
        if self.vector:
            return
        row = self.row
        base = np.tile(row, (len(row), 1))
        changed = base + np.diag(0.5 * (1.0 + np.abs(row)))
        with np.errstate(all="ignore"):
            before = np.asarray(transformer.inverse_transform(base))
            after = np.asarray(transformer.inverse_transform(changed))
        others = ~np.eye(len(row), dtype=bool)
        if before.shape != after.shape or np.shape(after) != base.shape:
            raise ValueError(f"{self.name} changes the number of targets.")
        if not np.array_equal(before[others], after[others], equal_nan=True):
            raise ValueError(
                f"{self.name} mixes targets: the distribution of each target by "
                "itself needs a transformation of each target by itself."
            )

    # The functions -----------------------------------------------------------------

    def _apply(self, function, values):
        """The function of all targets; NaN where it is not defined."""
        values = np.asarray(values, dtype=np.float64)
        rows = values.reshape(-1, len(self.row))
        finite = np.isfinite(rows)
        # Transformers that validate their input refuse what is not finite.
        with np.errstate(all="ignore"):
            result = function(np.where(finite, rows, self.row))
        result = np.asarray(result, dtype=np.float64).reshape(rows.shape)
        return np.where(finite, result, np.nan).reshape(values.shape)

    def forward(self, y):
        return self._apply(self.transformer.transform, y)

    def inverse(self, z):
        lower, upper = self.range
        z = np.clip(z, lower, upper)
        low, high = self.domain
        first = np.where(self.increasing, low, high)
        last = np.where(self.increasing, high, low)
        y = self._apply(self.transformer.inverse_transform, z)
        return np.where(z == -np.inf, first, np.where(z == np.inf, last, y))

    def _column(self, function, values, column):
        """The function of one target; ``column`` says which, element by element."""
        values = np.asarray(values, dtype=np.float64)
        column = np.broadcast_to(column, values.shape).ravel().astype(int)
        full = np.tile(self.row, (values.size, 1))
        each = np.arange(values.size)
        full[each, column] = values.ravel()
        return self._apply(function, full)[each, column].reshape(values.shape)

    def _g(self, y, column):
        return self._column(self.transformer.transform, y, column)

    def _h(self, z, column):
        return self._column(self.transformer.inverse_transform, z, column)

    def locate(self, y):
        """g(y) with its distances to the ends of the range."""
        return point_at(self.forward(y), self.range)

    def place(self, point):
        """The inverse of g."""
        return self.inverse(point.z)

    def contains(self, y):
        """Whether y is the inverse of its own image."""
        back = self._apply(self.transformer.inverse_transform, self.forward(y))
        error = np.abs(back - y)
        return error <= ROUND_TRIP * (np.abs(y) + self.y_spread)

    def log_derivative(self, y):
        """log |g'(y)|; NaN, with a warning that counts them, where it is not found."""
        z = np.atleast_1d(self.forward(y))
        lower, upper = self.range
        space = np.minimum(z - lower, upper - z)
        spread = self.spread[0] if self.vector else self.spread
        step = np.minimum(spread, np.where(space > 0, space, spread)) / 2.0
        column = np.broadcast_to(
            0 if self.vector else np.arange(len(self.row)), z.shape
        )
        slope = np.full(z.shape, np.nan)
        missing = np.ones(z.shape, dtype=bool)
        for _ in range(TRIES):
            found = derivative(
                self._h,
                z[missing],
                args=(column[missing],),
                initial_step=step[missing],
                tolerances={"rtol": DERIVATIVE_RTOL, "atol": 0.0},
            )
            good = found.error <= DERIVATIVE_LIMIT * np.abs(found.df)
            slope[missing] = np.where(good, found.df, np.nan)
            missing = np.isnan(slope)
            if not np.any(missing):
                break
            # Many functions have their singularity at zero.
            step = np.minimum(step / SHORTER, np.where(z == 0, step, np.abs(z) / 2.0))
        if np.any(missing):
            self._say_where_missing(np.broadcast_to(y, z.shape), missing)
        with np.errstate(divide="ignore"):
            return -np.log(np.abs(slope)).reshape(np.shape(y))

    def _say_where_missing(self, y, missing):
        message = (
            f"The derivative of {self.name} cannot be found numerically at "
            f"y={y[missing][0]}: a density needs a smooth transformation."
        )
        if np.all(missing):
            raise ValueError(message)
        warnings.warn(
            f"{message} So it is in {np.count_nonzero(missing)} of {missing.size} "
            "values, where the density is NaN.",
            UserWarning,
            stacklevel=2,
        )

    # What is learned of them -------------------------------------------------------

    def _survey(self, column, z, low, high):
        """Range, domain, growth, direction and spread of y for one target."""
        spread = self.spread[column]
        grid = np.unique(np.concatenate([z, np.linspace(low, high, POINTS)]))
        works = self._round_trip(grid, column, ROUND_TRIP * spread)
        first, last = _longest_run(works)
        outside = np.ones(len(grid), dtype=bool)
        outside[first : None if last is None else last + 1] = False
        in_parts = works & outside & (grid >= low) & (grid <= high)
        if first is None or grid[last] <= low or grid[first] >= high or any(in_parts):
            raise ValueError(
                f"The inverse of {self.name} does not undo it where the "
                f"predictions lie, around {np.median(z):.6g}: a distribution needs "
                "functions that are inverse to each other."
            )
        run = grid[first : last + 1]
        y = self._h(run, column)
        increasing = bool(y[-1] > y[0])
        self._check_monotone(y if increasing else y[::-1])
        sides = [
            self._side(run, grid[:first][::-1], column, spread),
            self._side(run[::-1], grid[last + 1 :], column, spread),
        ]
        ends, limits, growths = zip(*sides, strict=True)
        bulk = y[(run >= low) & (run <= high)]
        width = np.ptp(bulk)
        around = np.linspace(bulk.min() - 3 * width, bulk.max() + 3 * width, POINTS)
        image = self._g(around, column)
        image = image[np.isfinite(image)]
        self._check_monotone(image if increasing else image[::-1])
        return ends, tuple(sorted(limits)), growths, increasing, width

    def _side(self, run, beyond, column, spread):
        """End of the range, limit of y and growth of |y| on one side.

        ``run`` leads away from that side, from the last value that works, and
        ``beyond`` away on the other, the values that do not.
        """
        edge, middle = run[0], run[len(run) // 2]
        infinite = np.copysign(np.inf, edge - middle)
        if len(beyond) and not np.isinf(self._h(beyond[:1], column)[0]):
            end = self._limit(edge, beyond[0], column, spread)
            distances = np.array([NEARER, NEAR]) * np.copysign(spread, middle - end)
            growth = self._growth(end + distances, 1.0 / distances, column)
            return end, self._h(np.array([end]), column)[0], growth
        if len(beyond):
            # Grown beyond numbers, faster than any power.
            return infinite, np.copysign(np.inf, self._h(run[:1], column)[0]), np.inf
        z = np.array([edge, middle + 1e-3 * (edge - middle)])
        growth = self._growth(z, z - middle, column)
        y = self._h(run[:1], column)[0]
        return infinite, np.copysign(np.inf, y) if growth else y, growth

    def _growth(self, z, size, column):
        """The exponent in |h(z)| ~ |size|^exponent, 0 where h has a limit."""
        y = np.abs(self._h(z, column))
        with np.errstate(divide="ignore", invalid="ignore"):
            exponent = np.log(y[0] / y[1]) / np.log(np.abs(size[0] / size[1]))
        # Below a hundredth it is a logarithm, or a limit that is nearly reached.
        return exponent if exponent > 0.01 else 0.0

    def _round_trip(self, z, column, tolerance):
        y = self._h(z, column)
        back = self._g(y, column)
        with np.errstate(invalid="ignore"):
            same = np.abs(back - z) <= ROUND_TRIP * np.abs(z) + tolerance
        return same & np.isfinite(y)

    def _limit(self, inside, outside, column, spread):
        """The end of the range, between a value inside it and one outside."""
        for _ in range(BISECTIONS):
            middle = inside + (outside - inside) / 2.0
            if middle in (inside, outside):
                break
            if self._round_trip(np.array([middle]), column, END_OF_RANGE * spread)[0]:
                inside = middle
            else:
                outside = middle
        return inside

    def _check_monotone(self, values):
        # That no two z share a y, the round trip has shown.
        turns = np.diff(values) < 0
        if np.any(turns):
            where = np.flatnonzero(turns)[0]
            raise ValueError(
                f"{self.name} is not monotone: values {values[where]:.6g} and "
                f"{values[where + 1]:.6g} come in the wrong order. Of one branch, let "
                "the function be NaN outside."
            )


def _longest_run(mask):
    """First and last index of the longest stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    if not len(edges):
        return None, None
    starts, stops = edges[::2], edges[1::2]
    longest = np.argmax(stops - starts)
    return starts[longest], stops[longest] - 1
