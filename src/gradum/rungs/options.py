"""The options of all rungs: those of the command line, and whole settings in Python.

The program reads the annotations too, so this file does without postponed evaluation. Types are
quoted because ``gradum --help`` reads this file.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

from gradum.rungs.mlp.options import MLPOptions
from gradum.rungs.option import Option

if TYPE_CHECKING:
    from gradum.rungs.convolution.spec import ConvolutionSpec
    from gradum.rungs.linear.spec import LinearSpec
    from gradum.rungs.mlp.spec import MLPSpec
    from gradum.rungs.pack.spec import PackSpec


class RungOptions(
    MLPOptions,
    TypedDict,
    total=False,
):
    """Options of single settings; each rung that has some contributes a class."""


class RungSettings(TypedDict, total=False):
    """The settings of each rung, given as a spec or as a mapping of its fields."""

    linear: Annotated[
        "LinearSpec | Mapping[str, Any] | None",
        Option("linear", "How the linear model is fitted.", "LinearSpec", on_command_line=False),
    ]
    mlp: Annotated[
        "MLPSpec | Mapping[str, Any] | None",
        Option("mlp", "How the MLP is fitted.", "MLPSpec", on_command_line=False),
    ]
    pack: Annotated[
        "PackSpec | Mapping[str, Any] | None",
        Option("pack", "How the network ensemble is trained.", "PackSpec", on_command_line=False),
    ]
    convolution: Annotated[
        "ConvolutionSpec | Mapping[str, Any] | None",
        Option(
            "convolution",
            "How the convolutional network is trained.",
            "ConvolutionSpec",
            on_command_line=False,
        ),
    ]
