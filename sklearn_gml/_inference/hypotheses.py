"""Linear hypotheses about parameters: from what a user writes to contrasts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

WOULD_DO = (
    "What would do: names of parameters, equations such as 'a = b' or 'a - 2 b = 1', "
    "a dict of coefficients such as {'a': 1, 'b': -1}, a list of these, an array with "
    "a column for each parameter, or a data frame with columns named by parameters."
)

# Within equations, names with these characters stand in backticks.
OPERATORS = "+-*/=,`"

NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")

# Longer descriptions are cut in tables.
LABEL = 48


@dataclass(frozen=True, eq=False)
class Hypotheses:
    """``contrasts @ parameters == values``, a row for each hypothesis.

    Attributes
    ----------
    contrasts : ndarray of shape (h, k)
    values : ndarray of shape (h,)
    labels : tuple of str
        Each hypothesis as an equation.
    """

    contrasts: NDArray[np.float64]
    values: NDArray[np.float64]
    labels: tuple[str, ...]

    @classmethod
    def of(
        cls, given: Any, names: Sequence[str], values: ArrayLike = 0.0
    ) -> Hypotheses:
        """From what a user writes.

        Parameters
        ----------
        given : str, dict, array-like, data frame, or list of str and dict
        names : sequence of str
            All parameters, in their order.
        values : float or array-like of shape (h,)
            What the hypotheses without a right-hand side of their own are equal to.
        """
        forms = _forms(given, names)
        if not forms:
            raise ValueError(f"hypotheses is empty. {WOULD_DO}")
        contrasts = np.array([form.coefficients for form in forms])
        if not np.isfinite(contrasts).all():
            raise ValueError(
                f"hypotheses has coefficients that are not finite: {given!r}. Leave "
                "parameters out, or give them a zero, that take no part."
            )
        if not contrasts.any(axis=1).all():
            raise ValueError(
                f"hypotheses has a row of zeros, which tests no parameter. {WOULD_DO}"
            )
        values = _right_hand_sides(values, forms)
        return cls(contrasts, values, _labels(contrasts, values, names))


@dataclass(frozen=True, eq=False)
class _Form:
    """``coefficients @ parameters + constant``, and whether it says what it equals."""

    coefficients: NDArray[np.float64]
    constant: float = 0.0
    complete: bool = False

    def plus(self, other: _Form, factor: float = 1.0, complete: bool = False) -> _Form:
        return _Form(
            self.coefficients + factor * other.coefficients,
            self.constant + factor * other.constant,
            complete,
        )

    def times(self, factor: float) -> _Form:
        return _Form(factor * self.coefficients, factor * self.constant)


def _forms(given: Any, names: Sequence[str]) -> list[_Form]:
    """A form for each hypothesis."""
    if isinstance(given, str):
        return _of_text(given, names)
    if isinstance(given, Mapping):
        return [_of_pairs(given.items(), names)]
    if hasattr(given, "columns"):
        return _of_frame(given, names)
    if _is_labelled(given):
        # A series of labels has its contrast by names, one of texts has hypotheses.
        if all(isinstance(value, str) for value in given):
            return _forms(list(given), names)
        return [_of_pairs(given.items(), names)]
    if isinstance(given, (list, tuple)) or np.ndim(given) == 1:
        kinds = [isinstance(one, (str, Mapping)) for one in given]
        if len(kinds) and all(kinds):
            return [form for one in given for form in _forms(one, names)]
        if any(kinds):
            raise ValueError(
                "hypotheses mixes names or dicts with other things: "
                f"{list(given)!r}. {WOULD_DO}"
            )
    return _of_array(given, names)


def _is_labelled(given: Any) -> bool:
    """Whether it is a pandas series whose labels are texts."""
    return (
        np.ndim(getattr(given, "index", 0)) == 1
        and hasattr(given, "items")
        and all(isinstance(label, str) for label in given.index)
    )


def _of_array(given: Any, names: Sequence[str]) -> list[_Form]:
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"hypotheses could not be read as numbers: {given!r}. {WOULD_DO}"
        ) from error
    if isinstance(given, (set, frozenset)) or array.ndim not in (1, 2):
        raise ValueError(f"hypotheses must not be {given!r}. {WOULD_DO}")
    if not array.size:
        return []
    contrasts = np.atleast_2d(array)
    if contrasts.shape[1] != len(names):
        raise ValueError(
            f"hypotheses has {contrasts.shape[1]} columns, but there are "
            f"{len(names)} parameters: {list(names)}."
        )
    return [_Form(row) for row in contrasts]


def _of_frame(frame: Any, names: Sequence[str]) -> list[_Form]:
    columns = list(frame.columns)
    values = _of_cells(np.asarray(frame), frame)
    if not any(isinstance(column, str) for column in columns):
        return _of_array(values, names)
    return [_of_pairs(zip(columns, row, strict=True), names) for row in values]


def _of_cells(cells: Any, given: Any) -> NDArray[np.float64]:
    try:
        return np.asarray(cells, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"hypotheses has coefficients that are no numbers: {given!r}. {WOULD_DO}"
        ) from error


def _of_pairs(pairs: Any, names: Sequence[str]) -> _Form:
    """The contrast of names with their coefficients."""
    pairs = list(pairs)
    coefficients = np.zeros(len(names))
    seen = set()
    for name, value in pairs:
        position = _position(name, names)
        if position in seen:
            raise ValueError(f"hypotheses has a coefficient of {name!r} twice.")
        seen.add(position)
        coefficient = _of_cells(value, dict(pairs))
        if coefficient.ndim:
            raise ValueError(
                f"hypotheses has {value!r} for {name!r}, where one coefficient is "
                f"wanted: {dict(pairs)!r}. {WOULD_DO}"
            )
        coefficients[position] = coefficient
    return _Form(coefficients)


def _position(name: Any, names: Sequence[str]) -> int:
    if name not in names:
        raise ValueError(
            f"hypotheses names parameters that do not exist: {[name]}. There are "
            f"{list(names)}."
        )
    if list(names).count(name) > 1:
        places = [place for place, other in enumerate(names) if other == name]
        raise ValueError(
            f"hypotheses names {name!r}, which {len(places)} parameters are called, "
            f"those at {places} of parameter_names(): use an array of contrasts, or "
            "feature_names that differ."
        )
    return list(names).index(name)


def _of_text(text: str, names: Sequence[str]) -> list[_Form]:
    """A name, or equations that commas part."""
    if text in names:
        return [_of_pairs([(text, 1.0)], names)]
    return _Equations(text, names).read()


class _Equations:
    """A reader of linear equations, such as ``a - 2 (b + c) = d = 1, e``."""

    def __init__(self, text: str, names: Sequence[str]) -> None:
        self.text = text
        self.names = names
        self.tokens = list(_tokens(text, names))
        self.place = 0

    def read(self) -> list[_Form]:
        forms = self._chain()
        while self._took(","):
            forms += self._chain()
        if self.place < len(self.tokens):
            self._fail(f"{self._next!r} is not expected")
        return forms

    def _chain(self) -> list[_Form]:
        """Expressions with "=" between them."""
        sides = [self._sum()]
        while self._took("="):
            sides.append(self._sum())
        if len(sides) == 1:
            return sides
        return [
            left.plus(right, -1.0, complete=True) for left, right in pairwise(sides)
        ]

    def _sum(self) -> _Form:
        total = self._product()
        while self._next in ("+", "-"):
            sign = -1.0 if self._took("-") else 1.0
            if sign > 0:
                self.place += 1
            total = total.plus(self._product(), sign)
        return total

    def _product(self) -> _Form:
        product = self._factor()
        while self.place < len(self.tokens):
            if self._took("/"):
                divisor = self._factor()
                if divisor.coefficients.any() or divisor.constant == 0.0:
                    self._fail("only numbers other than zero divide")
                product = product.times(1.0 / divisor.constant)
            elif self._took("*") or not (
                isinstance(self._next, str) and self._next in "+-=,)"
            ):
                product = self._times(product, self._factor())
            else:
                break
        return product

    def _times(self, one: _Form, other: _Form) -> _Form:
        if one.coefficients.any() and other.coefficients.any():
            self._fail("products of parameters are not linear")
        if one.coefficients.any():
            return one.times(other.constant)
        return other.times(one.constant)

    def _factor(self) -> _Form:
        if self._took("-"):
            return self._factor().times(-1.0)
        if self._took("+"):
            return self._factor()
        if self._took("("):
            inside = self._sum()
            if not self._took(")"):
                self._fail("a bracket is not closed")
            return inside
        token = self._next
        if token is None or (isinstance(token, str) and token in "*/=,)"):
            self._fail("a name or a number is missing")
        self.place += 1
        if isinstance(token, float):
            return _Form(np.zeros(len(self.names)), token)
        return _of_pairs([(token[0], 1.0)], self.names)

    @property
    def _next(self) -> Any:
        """A number, a sign, or a name as a tuple of it; None at the end."""
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def _took(self, sign: str) -> bool:
        """Whether the next token is this sign, which is then behind."""
        if self._next != sign:
            return False
        self.place += 1
        return True

    def _fail(self, what: str) -> NoReturn:
        raise ValueError(f"hypotheses has {self.text!r}, in which {what}. {WOULD_DO}")


def _tokens(text: str, names: Sequence[str]) -> Any:
    """Numbers, signs, and names as tuples of one."""
    plain = sorted((name for name in names if not _is_odd(name)), key=len, reverse=True)
    _check_readable(text, names)
    place = 0
    while place < len(text):
        number = NUMBER.match(text, place)
        name = next((one for one in plain if _stands_at(text, one, place)), None)
        if text[place].isspace():
            place += 1
        elif text[place] == "`" and "`" in text[place + 1 :]:
            end = text.index("`", place + 1)
            yield (text[place + 1 : end],)
            place = end + 1
        elif name is not None:
            yield (name,)
            place += len(name)
        elif number is not None:
            yield float(number.group())
            place = number.end()
        elif text[place] in "+-*/=,()":
            yield text[place]
            place += 2 if text.startswith("==", place) else 1
        else:
            unknown = re.findall(r"[\w.]+|.", text[place:])[0]
            raise ValueError(
                f"hypotheses names parameters that do not exist: {[unknown]} in "
                f"{text!r}. There are {list(names)}; within equations, names with "
                f"signs in them stand in backticks, as `a-b`. {WOULD_DO}"
            )


def _is_odd(name: str) -> bool:
    """Whether an equation could read a name as something else."""
    return any(sign in name for sign in OPERATORS) or bool(NUMBER.match(name))


def _check_readable(text: str, names: Sequence[str]) -> None:
    """Raise where a name with signs in it stands outside of backticks."""
    outside = re.sub(r"`[^`]*`", "`", text)
    for name in names:
        if _is_odd(name) and not NUMBER.fullmatch(name) and name in outside:
            raise ValueError(
                f"hypotheses has {text!r}, in which {name!r} may be the parameter of "
                f"this name or an expression: write `{name}` in backticks for the "
                "parameter, blanks around signs for an expression, or use a dict."
            )


def _stands_at(text: str, name: str, place: int) -> bool:
    """Whether a whole name stands there, not the beginning of another word."""
    if not name or not text.startswith(name, place):
        return False
    after = text[place + len(name) : place + len(name) + 1]
    return not (re.match(r"\w", name[-1]) and re.match(r"[\w.]", after))


def _right_hand_sides(values: ArrayLike, forms: Sequence[_Form]) -> NDArray[np.float64]:
    try:
        given = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"values must be a number, or one for each hypothesis, got {values!r}."
        ) from error
    if given.shape not in ((), (1,), (len(forms),)):
        raise ValueError(
            f"values must be one number, or one for each of the {len(forms)} "
            f"hypotheses, got shape {given.shape}."
        )
    if not np.isfinite(given).all():
        raise ValueError(f"values must be finite, got {values!r}.")
    given = np.broadcast_to(given, len(forms))
    if any(form.complete and value for form, value in zip(forms, given, strict=True)):
        raise ValueError(
            f"hypotheses are equations, but values={values!r}: say what they are "
            "equal to in one place."
        )
    return given - [form.constant for form in forms]


def _labels(
    contrasts: NDArray[np.float64],
    values: NDArray[np.float64],
    names: Sequence[str],
) -> tuple[str, ...]:
    return tuple(
        f"{_left(row, names)} = {value + 0.0:.6g}"
        for row, value in zip(contrasts, values, strict=True)
    )


def _left(row: NDArray[np.float64], names: Sequence[str]) -> str:
    """A contrast as text, such as ``a - 2 b``."""
    text = ""
    for position in map(int, np.flatnonzero(row)):
        size = abs(row[position])
        sign = "-" if row[position] < 0 else "+"
        if text:
            text += f" {sign} "
        elif sign == "-":
            text = "-"
        text += names[position] if size == 1.0 else f"{size:.6g} {names[position]}"
    return text if len(text) <= LABEL else f"{text[: LABEL - 4]} ..."
