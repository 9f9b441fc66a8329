"""Errors and warnings.

Every error of ranef is a :class:`RanefError` with a stable ``code``, a ``message``, a ``hint`` that
names the way out, and, where it lies in a formula, its ``place``.
"""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple, Type


class Place(NamedTuple):
    """A place in a formula.

    Attributes
    ----------
    formula : str
        The whole formula.
    start, end : int
        The part that is meant, ``formula[start:end]``.
    caret : str
        The formula with a line of carets below that part.
    """

    formula: str
    start: int
    end: int
    caret: str


class RanefError(Exception):
    """An error of ranef.

    Attributes
    ----------
    code : str
        A stable code, such as ``"unknown_column"``; the command ``ranef`` uses the same.
    message : str
        What is wrong.
    hint : str or None
        The way out, where one is known.
    place : Place or None
        Where in the formula.
    """

    def __init__(
        self,
        code: str,
        message: str,
        hint: Optional[str] = None,
        place: Optional[Place] = None,
    ) -> None:
        super().__init__(code, message, hint, place)
        self.code = code
        self.message = message
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        text = self.message
        if self.place is not None and self.place.formula.strip():
            indented = self.place.caret.replace("\n", "\n    ")
            text += f"\n\n    {indented}\n"
        if self.hint is not None:
            text += f"\nhelp: {self.hint}"
        return text


class FormulaError(RanefError, ValueError):
    """The formula cannot be read, or says what no model can be."""


class DataError(RanefError, ValueError):
    """The data cannot be read, or do not have what the formula names."""


class OptionError(RanefError, ValueError):
    """An argument makes no sense, or not for this kind of model."""


class ModelError(RanefError, ValueError):
    """Model and data together give no answer."""


class NeedsDataError(RanefError, RuntimeError):
    """The question needs the rows that the model was fitted to; see :meth:`Fit.with_data`."""


class SavedModelError(RanefError, OSError):
    """A saved model cannot be read or written."""


class InternalError(RanefError, RuntimeError):
    """A mistake in ranef itself; please report it."""


class RanefWarning(UserWarning):
    """What a reader of the results should know."""


class ConvergenceWarning(RanefWarning):
    """The fit is not proved to be a minimum."""


class SingularFitWarning(RanefWarning):
    """A covariance matrix of random effects is singular: a variance is zero, or a correlation ±1."""


class RankDeficientWarning(RanefWarning):
    """Some coefficients cannot be told from others and have no estimate."""


class SeparationWarning(RanefWarning):
    """A predictor tells the outcomes apart without fail, so that estimates run off to infinity."""


class PredictionWarning(RanefWarning):
    """Something about the rows that were predicted for."""


_FORMULA = frozenset(
    "empty_formula unexpected_character unclosed_quote bad_number reserved_word "
    "unsupported_operator missing_tilde second_tilde missing_operand missing_operator "
    "unbalanced_parenthesis bad_argument too_deep bar_without_parentheses misplaced_bar "
    "arguments unknown_function no_effects no_response".split()
)
_DATA = frozenset(
    "arrow_type bad_weight binary_file cannot_learn category_not_number column_out_of_range "
    "constant_response counts_response damaged_file different_columns duplicate_column empty_data "
    "empty_file empty_frame file_not_found is_directory many_levels negative_count no_rows_left "
    "not_finite one_level one_level_factor one_level_group response_not_numeric row_out_of_range "
    "text_not_number unequal_lengths unknown_column unknown_data unknown_group unknown_level "
    "unreadable_file unsupported_format unsupported_type unusable_column".split()
)
_OPTION = frozenset(
    "agq_gaussian agq_one_factor agq_too_many_points bad_decimal bad_level bad_separator bad_trials "
    "contrast_syntax empty_contrast generalised_only linear_only link_not_allowed "
    "needs_predictor one_model penalty_gaussian predictor_twice start_length too_few_draws "
    "too_many_draws unknown_family unknown_link unknown_parameter unknown_random_effects".split()
)
_SAVED = frozenset(
    "model_damaged model_not_read model_not_saved model_truncated model_version not_a_model".split()
)


def _class(code: str) -> Type[RanefError]:
    if code in _FORMULA:
        return FormulaError
    if code in _DATA:
        return DataError
    if code in _OPTION:
        return OptionError
    if code in _SAVED:
        return SavedModelError
    if code in ("needs_rows", "other_rows"):
        return NeedsDataError
    if code == "internal":
        return InternalError
    return ModelError


def make(
    code: str,
    message: str,
    hint: Optional[str],
    place: Optional[Tuple[str, int, int, str]],
) -> BaseException:
    """The exception of an error of the extension module."""
    if code == "interrupted":
        return KeyboardInterrupt(message)
    from ._words import in_python, maybe

    where = None if place is None else Place(*place)
    return _class(code)(code, in_python(message), maybe(hint), where)


_WARNINGS = {
    "singular": SingularFitWarning,
    "not_converged": ConvergenceWarning,
    "no_information": ConvergenceWarning,
    "aliased": RankDeficientWarning,
    "separation": SeparationWarning,
}


def category(code: str) -> Optional[Type[RanefWarning]]:
    """The category of a note that is worth a warning; the others are in ``fit.notes``."""
    return _WARNINGS.get(code)
