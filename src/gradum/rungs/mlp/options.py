"""The options of the multi-layer perceptron rung, as the command line and Python take them.

The program reads the annotations too, so this file does without postponed evaluation. Because
``gradum --help`` reads this file, it imports nothing heavy until a value is read.
"""

from collections.abc import Iterable
from typing import Annotated, Any, TypedDict

from gradum.errors import SpecError
from gradum.rungs.option import Option


def read_batch_size(value: int) -> int:
    """Take the number of rows per step.

    Raises
    ------
    SpecError
        The number is 0, which the spec would take for the default.
    """
    if value == 0:
        raise SpecError(
            "A step on 0 rows learns nothing.",
            "Give --batch-size 1 or more, or leave it out: 32 to 256 by the number of rows.",
        )
    return value


def read_widths(value: Any) -> tuple[int, ...]:
    """Take the widths of hidden layers, given as ``"64,32"``, as one number or as several.

    Raises
    ------
    SpecError
        They cannot be read, or are not whole numbers.
    """
    try:
        widths = value.split(",") if isinstance(value, str) else value
        widths = list(widths) if isinstance(widths, Iterable) else [widths]
        numbers = [width for width in widths if not isinstance(width, str)]
        if any(isinstance(number, bool) or number != int(number) for number in numbers):
            raise ValueError
        return tuple(int(width) for width in widths)
    except (TypeError, ValueError, OverflowError):
        from gradum.tables.wording import shortened

        raise SpecError(
            "The hidden layers {value} cannot be read.",
            "Give the width of each, such as 64,64.",
            value=shortened(value),
        ) from None


def write_widths(widths: Iterable[int]) -> str:
    """Write widths in the form in which `read_widths` takes them."""
    return ",".join(map(str, widths))


class MLPOptions(TypedDict, total=False):
    """The options of the MLP, in the order of the help."""

    max_epochs: Annotated[
        int | None,
        Option("mlp.max_epochs", "Train the MLP for at most N epochs.", "N", harmless=True),
    ]
    hidden: Annotated[
        str | Iterable[int] | None,
        Option(
            "mlp.hidden_layer_sizes",
            "Widths of the MLP's hidden layers, such as 64,64. Default: 128,128.",
            "WIDTHS",
            read=read_widths,
            write=write_widths,
        ),
    ]
    activation: Annotated[
        str | None,
        Option(
            "mlp.activation",
            "The activation function of the MLP's hidden units. Default: relu.",
            "NAME",
        ),
    ]
    solver: Annotated[
        str | None, Option("mlp.solver", "The solver that trains the MLP. Default: adam.", "NAME")
    ]
    learning_rate: Annotated[
        float | None,
        Option("mlp.learning_rate", "Length of the MLP's first steps. Default: the solver's.", "X"),
    ]
    batch_size: Annotated[
        int | None,
        Option(
            "mlp.batch_rows",
            "Rows a step of the MLP sees. Default: 32 to 256.",
            "N",
            read=read_batch_size,
        ),
    ]
    alpha: Annotated[
        float | None,
        Option("mlp.alpha", "Strength of the MLP's L2 penalty. Default: 5 / rows.", "X"),
    ]
    dropout: Annotated[
        float | None,
        Option("mlp.dropout", "Share of hidden units that each step drops at random.", "SHARE"),
    ]
    lanes: Annotated[
        int | None,
        Option(
            "mlp.lanes",
            "Train the MLP of a table in blocks in N lanes, averaged several times an epoch.",
            "N",
        ),
    ]
