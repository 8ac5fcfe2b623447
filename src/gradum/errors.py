"""Every error that gradum raises on purpose: what is wrong, and what to do about it."""

from __future__ import annotations

from typing import Any, ClassVar

from gradum.messages import Said, say, sentences


class GradumError(Exception):
    """An error that names its cause and its remedy in one line.

    Parameters
    ----------
    message : str
        What is wrong, naming the file, the column, the rows or the shapes. It is a sentence that
        begins with a capital letter, unless it begins with a name.
    remedy : str, optional
        What the user can do about it.
    **values
        What stands in the braces of both, as `say` takes it; a text with braces and no values stays
        as it is, and so does one that was said already.

    Attributes
    ----------
    exit_code : int
        The exit code of the command line: 2 if the user gave something that cannot be used, 1 if
        the machine failed and the same command may succeed another time, 3 if all was done and the
        answer is not the one hoped for.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, remedy: str = "", /, **values: Any) -> None:
        message, remedy = (_said(text, values) for text in (message, remedy))
        if message.startswith(("a ", "an ", "the ")):  # "the data frame" also serves as a name
            message = message[0].upper() + message[1:]
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return sentences((self.message, self.remedy))


def _said(text: str, values: dict[str, Any]) -> str:
    if isinstance(text, Said) or not text or ("{" in text and not values):
        return text
    return say(text, **values)


class TableError(GradumError, ValueError):
    """A table that cannot be read or used."""


class ColumnError(TableError):
    """A column that is absent or cannot serve in its role."""


class TargetError(ColumnError):
    """A target that cannot be learned."""


class SchemaError(TableError):
    """A table that does not match the schema a model was fitted on."""


class SpecError(GradumError, ValueError):
    """An option or a combination of options that makes no sense."""


class OverBudgetError(SpecError):
    """A smaller model that errs more than its budget allows, and is offered nevertheless.

    Parameters
    ----------
    message : str
    remedy : str
        As of `GradumError`.
    model : Any, optional
        What was built.
    """

    exit_code = 3

    def __init__(self, message: str, remedy: str = "", model: Any = None) -> None:
        super().__init__(message, remedy)
        self.model = model


class ShapeError(GradumError, ValueError):
    """Arrays whose shapes do not belong together."""


class ModelFileError(GradumError, ValueError):
    """A model file that is damaged, hostile, or of another format."""


class PropertyError(GradumError, ValueError):
    """A property of a network that cannot be read or contradicts itself."""


class NotCertifiableError(GradumError, ValueError):
    """A model, or a change of a table's row, that cannot be bounded."""


class ExportError(GradumError, ValueError):
    """A model, or a part of one, that has no form outside of gradum."""


class TooLargeError(ExportError):
    """A model of which a smaller one would have a form outside of gradum."""


class ProcessError(GradumError, RuntimeError):
    """A process in which nothing can be computed."""


class AfterLearningError(GradumError, RuntimeError):
    """A run that failed after its model had learned: the model is whole, and the run ends."""

    exit_code = 1


class EngineError(GradumError, RuntimeError):
    """An engine that is not there, or a task that no worker finishes."""

    exit_code = 1


class OutputError(GradumError, OSError):
    """A place that cannot be written to."""


class DiskError(OutputError):
    """A disk that is full or fails."""

    exit_code = 1


class OutOfMemoryError(GradumError, MemoryError):
    """Memory that does not suffice."""

    exit_code = 1
