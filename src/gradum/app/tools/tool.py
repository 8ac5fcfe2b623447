"""A command as a tool: the type of its arguments, their JSON schema, and the words of the command.

Nothing is written down for a tool: it takes the parameters of the command, of the types that the
command's signature or the spec of a run declares.
"""

from __future__ import annotations

import inspect
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gradum.app.tools.folder import Folder
from gradum.errors import SpecError
from gradum.messages import marked, say, sentences
from gradum.run.options.option_table import OPTIONS
from gradum.run.spec.spec import Spec
from gradum.rungs.option import Option
from gradum.tables.paths import STANDARD_INPUT

PLACES = {"TABLE", "RUN_OR_MODEL", "RUN", "[RUN]", "RUN_OR_NET", "TABLE_OR_PROPERTY"}
FILES = {"schema", "file", "thresholds"}
TEXTS = {
    *("ANSWER", "COL", "COL+", "COLS", "COUNTRY", "FORM", "FP=1,FN=5", "HOW", "KIND", "LABEL"),
    *("LABEL|NUMBER", "NAME", "NAMES", "NUMBERS", "REGION", "SCALE", "SHARE", "SHARES"),
    *("LOSS", "MARGIN", "ORDER", "SIZE", "SQL", "TASK", "UNIT|COL=AMOUNT,...", "VALUE", "WIDTHS"),
    "WORDS",
}
"""What a text may stand for. One that stands for anything else could name a place or code, and is
withheld from assistants."""
RECORDS = marked(
    "Rows by column, in place of data. Each names every column that the model learned from, with "
    "null where no value is known, and no other."
)
OF_TERMINALS = {"as_json", "quiet", "force", "checkpoint_every"}
OF_PLACES = {"into", "table", "partition_by"}  # which may be anywhere

HINTS = {
    "read": marked("Give a path in the folder, no address."),
    "write": marked("Give a path in the folder at which nothing is yet."),
}
Record = dict[str, bool | int | float | str | None]


@dataclass(frozen=True)
class Argument:
    """A parameter of a command, as an argument of a tool."""

    name: str
    kind: Any
    """With its description and its default."""
    required: bool
    flags: tuple[str, ...]
    """Its name on the command line, and perhaps that which turns it off; none if it goes by
    place."""
    role: Literal["read", "write", "plain"]
    """Whether it names a place to read or to write, or is a plain value."""

    @classmethod
    def of(cls, parameter: inspect.Parameter, shown: Any) -> Argument | None:
        """Return the argument of a parameter, ``shown`` on the command line; None if withheld."""
        name, default = parameter.name, parameter.default
        annotated, info, *knobs = get_args(parameter.annotation)
        kind, role = _some(annotated), "plain"
        if info.metavar in PLACES or name in FILES:
            role = "read"
        elif name == "out":
            role, default = "write", None
        elif name in OF_TERMINALS | OF_PLACES or (_has_text(kind) and info.metavar not in TEXTS):
            return None
        elif name in OPTIONS and OPTIONS[name].help == info.help:
            kind = _in_spec(OPTIONS[name]) or kind
        bounds = {"ge": info.min, "le": info.max} if kind is int else {}
        for knob in knobs:
            bounds = {"ge": knob.least, "le": knob.most} if kind in (int, float) else {}
        hint = say(HINTS[role]) if role in HINTS else ""
        description = str(sentences((shown.help or info.help or "", hint)))
        stated = {} if default in (None, parameter.empty) else {"default": default}
        return cls(
            name,
            Annotated[kind, Meta(**bounds, description=description, extra_json_schema=stated)],
            default is parameter.empty or (name, role) == ("model", "read"),
            _flags(shown),
            role,
        )

    def words(self, value: Any) -> list[str]:
        """Return a value as words of the command line."""
        if not self.flags:
            return [value]
        if isinstance(value, bool):
            return list(self.flags[:1] if value else self.flags[1:])
        several = value if isinstance(value, list | tuple) else [value]
        return [f"{self.flags[0]}={each}" for each in several]


def tools_of(program: Any) -> list[Tool]:
    """Return a tool for each command that answers in JSON."""
    tools = (Tool(command) for command in program.commands.values())
    return [tool for tool in tools if tool.answers_in_json]


class Tool:
    """A command as a tool.

    Parameters
    ----------
    command : object
        As the command line has it, in the user's language.

    Attributes
    ----------
    answers_in_json : bool
        Whether the command can print its answer as JSON, and nothing that it needs is withheld.
    writes : bool
        Whether it can leave a file.
    answers_in_file : bool
        Whether its answers are rows of a file, beside which columns of the table can be kept.
    """

    def __init__(self, command: Any) -> None:
        self.name, self.description = command.name, inspect.cleandoc(command.help or "")
        parameters = inspect.signature(command.callback, eval_str=True).parameters
        found = [Argument.of(parameters[each.name], each) for each in command.params]
        lacking = (
            each.required
            for each, argument in zip(command.params, found, strict=True)
            if argument is None
        )
        self.answers_in_json = "as_json" in parameters and not any(lacking)
        self.arguments = {each.name: each for each in found if each is not None}
        self.writes = not self.arguments.keys().isdisjoint(("out", "run"))
        self.answers_in_file = {"out", "keep"} <= self.arguments.keys()
        self._asked = self._struct()

    def _struct(self) -> type[Struct]:
        """Return the type of all arguments; where a model is asked about a table, rows will do."""
        fields: list[Any] = [(each.name, each.kind) for each in self.arguments.values()]
        optional = {name for name, each in self.arguments.items() if not each.required}
        if self._asks_a_model:
            described = Meta(description=str(say(RECORDS)))
            fields.append(("records", Annotated[list[Record], described]))
            optional |= {"data", "records"}
        return msgspec.defstruct(
            self.name,
            [
                (name, kind | UnsetType, UNSET) if name in optional else (name, kind)
                for name, kind in fields
            ],
            kw_only=True,
            forbid_unknown_fields=True,
        )

    @property
    def _asks_a_model(self) -> bool:
        model, data = map(self.arguments.get, ("model", "data"))
        return model is not None and data is not None and model.role == data.role == "read"

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments."""
        _, parts = msgspec.json.schema_components([self._asked])
        return parts[self.name]

    def asked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return arguments that are as the schema has them; null is as good as left out.

        Raises
        ------
        SpecError
            One is absent, unknown or of another type.
        """
        try:
            asked = msgspec.convert({k: v for k, v in given.items() if v is not None}, self._asked)
        except msgspec.ValidationError as error:
            cause = str(error).rstrip(".")
            raise SpecError("The arguments cannot be used: {cause}.", cause=cause) from None
        found = {name: getattr(asked, name) for name in self._asked.__struct_fields__}
        found = {name: value for name, value in found.items() if value is not UNSET}
        data = self.arguments.get("data")
        if "records" in found and "data" in found:
            raise SpecError("Rows are given twice.", "Give data or records.")
        if data is not None and data.required and found.keys().isdisjoint(("data", "records")):
            raise SpecError("No rows are given.", "Give data or records.")
        return found

    def words(self, asked: dict[str, Any], folder: Folder) -> list[str]:
        """Return the words of the command that arguments ask for.

        Raises
        ------
        SpecError, OutputError
            A place is not in the folder, or cannot be written.
        """
        folder.check_runs()  # where runs lie if nothing else is said
        options, places = ["--json"], []
        for name, argument in self.arguments.items():
            if name == "data" and "records" in asked:
                places.append(STANDARD_INPUT)
            elif name in asked:
                value = asked[name]
                if argument.role == "read":
                    value = folder.to_read(value)
                elif argument.role == "write":
                    value = folder.to_write(value)
                (options if argument.flags else places).extend(argument.words(value))
        return [self.name, *options, "--", *places]

    def check_read(self, asked: dict[str, Any], folder: Folder) -> None:
        """Refuse what a command has read if its places lead out of the folder by now.

        Raises
        ------
        SpecError
            Somebody has put a link in the place of what was checked before the command began.
        """
        for name, argument in self.arguments.items():
            if argument.role == "read" and name in asked:
                folder.to_read(asked[name])


def _some(kind: Any) -> Any:
    """Return a type without None, and with texts for paths."""
    if get_origin(kind) not in (Union, UnionType):
        return str if kind is pathlib.Path else kind
    return Union[tuple(_some(each) for each in get_args(kind) if each is not NoneType)]  # noqa: UP007


def _has_text(kind: Any) -> bool:
    return kind is str or any(map(_has_text, get_args(kind)))


def _in_spec(option: Option) -> Any:
    """Return the type of an option's field in the spec, if the value goes there as it is given."""
    if option.field is None or option.read is not Option._field_defaults["read"]:
        return None
    kind: Any = Spec
    for name in option.field.split("."):
        kind = _some(get_type_hints(kind, include_extras=True)[name])
    return kind


def _flags(shown: Any) -> tuple[str, ...]:
    """Return the long names of an option, the first for on, the last for off."""
    if shown.param_type_name == "argument":
        return ()
    return tuple(word for word in (*shown.opts, *shown.secondary_opts) if word.startswith("--"))
