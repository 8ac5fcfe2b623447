"""The statement of a question, of which every door is made: command, tool, method and page.

A question is a function of a `Subject`. Its signature and docstring are the only place that names
its knobs, with their defaults, ranges and words; `question` makes a method of it, and
`gradum.app.cli.question` a command, of which `gradum.app.tools` makes a tool.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from types import SimpleNamespace
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

from gradum.forks import refuse_after_fork
from gradum.messages import marked
from gradum.run.options.column_lists import read_all_columns, read_columns
from gradum.run.options.option_table import OPTIONS, READING, either
from gradum.rungs.names import EVERY

F = TypeVar("F", bound=Callable[..., Any])

ASK, TRUST = marked("Ask"), marked("Trust")
"""The headings of the help under which questions stand."""
TABLE = (
    "A CSV, TSV, JSON, Parquet or Arrow file, a folder of Parquet files, a workbook, a SQLite "
    "database, a file of Stata, SPSS or SAS, a zip archive of one table, a quoted pattern such as "
    "'part-*.csv', an address that begins with https://, s3://, gs://, az://, hf:// or "
    "postgresql://, or - for standard input."
)
IN_PYTHON = "path, data frame, array, list of dicts or iterable of such"


@dataclass(frozen=True)
class Knob:
    """What can be set in a question; it annotates a parameter of the function that answers."""

    help: str
    """One sentence on what it decides, which every door shows."""
    metavar: str = ""
    """What stands for its value on the command line."""
    least: float | None = None
    """The least number that it takes."""
    most: float | None = None
    """The largest number that it takes; None: the largest of its type."""
    typed: Any = None
    """The type in which the command line reads it; None: that of the annotation."""
    read: Callable[[Any, Sequence[str]], Any] | None = None
    """Reads what was typed, given the names of the columns that the model uses."""
    flag: str = ""
    """Its name on the command line, if it is another there."""
    in_python: str = ""
    """What Python takes, if the annotation does not tell."""

    def refuse(self, name: str, value: Any, *, whole: bool) -> None:
        """Refuse a number that it does not take.

        Raises
        ------
        SpecError
        """
        from msgspec import Meta

        from gradum.rungs.number_ranges import LARGEST, MOST, NumberRange

        most = self.most if self.most is not None else MOST if whole else LARGEST
        NumberRange(whole, Meta(ge=self.least, le=most)).refuse(name, value)


def read_groups(texts: Sequence[str], names: Sequence[str]) -> list[list[str]]:
    """Read lists of columns, each a group."""
    return [read_columns(text, names) for text in texts]


Table = Annotated[Any, Knob(TABLE, "TABLE", typed=str, in_python=IN_PYTHON)]
RunTable = Annotated[
    Any,
    Knob(
        "The table of the rows; by default the run's own.",
        "TABLE",
        typed=str,
        in_python=f"{IN_PYTHON}, optional",
    ),
]
Columns = str | Sequence[str]
_columns: dict[str, Any] = {"metavar": "COLS", "typed": list[str], "read": read_all_columns}
Frozen = Annotated[Columns, Knob("Columns, as a,b, that may not change.", **_columns)]
Upward = Annotated[Columns, Knob("Columns that may only rise.", **_columns)]
Downward = Annotated[Columns, Knob("Columns that may only fall.", **_columns)]
Rung = Annotated[str | None, Knob(f"{either((*EVERY, 'enough'))}. Default: the best.", "NAME")]
Background = Annotated[
    Any,
    Knob(
        "Rows that show what is usual. Default: 200 that the run learned from.",
        "TABLE",
        typed=str,
        in_python="path or data frame, optional",
    ),
]
Scale = Annotated[
    str | None, Knob("probability or log-odds of classes; target, for numbers.", "SCALE")
]
Engine = Annotated[
    Any, Knob(OPTIONS["on"].help, "ENGINE", typed=str, in_python="str or Executor, optional")
]


@dataclass(frozen=True)
class Statement:
    """A question, as its function states it."""

    name: str
    """The command's name."""
    function: Callable[..., Any]
    """Answers it: its first parameter is a `Subject`, and its docstring has no `Parameters`."""
    page: bool = False
    """Whether the answer can be written as a page."""
    frame: bool = False
    """Whether the answer's ``frame`` can be written as a file."""
    finish: Callable[[Any, Mapping[str, Any]], None] | None = None
    """Is called with the answer and the given arguments when the answer has been delivered."""
    refuse_page: Callable[[Mapping[str, Any]], None] | None = None
    """Refuses a page, given the arguments, before the answer is computed."""
    group: str = ASK
    """The heading of the help under which the command stands."""

    def answer(self, subject: Any, *args: Any, **given: Any) -> Any:
        """Answer the question.

        Raises
        ------
        SpecError
            An argument is of another kind than its knob, or beyond the range.
        ProcessError
            The process was forked from one that computed.
        TypeError
            The question has no such parameter, or needs one more.
        """
        self._refuse(self.bind(subject, *args, **given))
        refuse_after_fork()
        return self.function(subject, *args, **given)

    def bind(self, subject: Any, *args: Any, **given: Any) -> dict[str, Any]:
        """Return the given arguments by name.

        Raises
        ------
        TypeError
            The question has no such parameter, or needs one more.
        """
        asked = inspect.signature(self.function).bind(subject, *args, **given).arguments
        for name in asked.get("reading", ()):
            if name not in READING:
                raise TypeError(f"{self.name}() got an unexpected keyword argument {name!r}")
        return asked

    @cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """The parameters besides the subject and the options of reading, with resolved types."""
        found = inspect.signature(self.function).parameters
        wanted = {
            name: parameter
            for place, (name, parameter) in enumerate(found.items())
            if place and parameter.kind != parameter.VAR_KEYWORD
        }
        written = SimpleNamespace(
            __annotations__={name: each.annotation for name, each in wanted.items()}
        )
        kinds = get_type_hints(written, self.function.__globals__, include_extras=True)
        return {name: each.replace(annotation=kinds[name]) for name, each in wanted.items()}

    @property
    def reads(self) -> bool:
        """Whether it takes the options of how a table is read."""
        found = inspect.signature(self.function).parameters.values()
        return any(parameter.kind == parameter.VAR_KEYWORD for parameter in found)

    @property
    def signature(self) -> inspect.Signature:
        """The method's signature as ``help`` shows it: the types of knobs are those of Python."""
        stated = inspect.signature(self.function)
        subject = next(iter(stated.parameters.values()))
        knobs = [
            each.replace(annotation=get_args(each.annotation)[0])
            for each in self.parameters.values()
        ]
        reading = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=OPTIONS[name].default)
            for name in (READING if self.reads else ())
        ]
        return stated.replace(parameters=[subject, *knobs, *reading])

    @property
    def prose(self) -> str:
        """What the docstring says before its sections."""
        return self._docstring[0]

    @property
    def docstring(self) -> str:
        """The whole docstring of the method, with each knob."""
        prose, sections = self._docstring
        lines = ["Parameters", "----------"]
        for name, parameter in self.parameters.items():
            kind, knob = get_args(parameter.annotation)
            named = knob.in_python or _kind_text(kind).replace(" | None", ", optional")
            written = re.sub(r"'(\S*\*\S*)'", r"``\1``", knob.help)  # an asterisk is markup there
            help = textwrap.fill(written, 92, initial_indent="    ", subsequent_indent="    ")
            lines += [f"{name} : {named}", help]
        if self.reads:
            lines += [f"{', '.join(READING)} : optional"]
            lines += ["    How ``data`` is read, as in `gradum.fit`."]
        return "\n".join([prose, "", *lines, "", sections])

    @property
    def _docstring(self) -> tuple[str, str]:
        text = inspect.getdoc(self.function) or ""
        place = re.search(r"\n\n(?=\w+\n-{3,}\n)", text)
        return (text, "") if place is None else (text[: place.start()], text[place.end() :])

    def _refuse(self, given: Mapping[str, Any]) -> None:
        from gradum.run.options.argument_kinds import check_argument

        for name, parameter in self.parameters.items():
            if name not in given:
                continue
            kind, knob = get_args(parameter.annotation)
            check_argument(name, given[name], kind)
            if knob.least is not None and given[name] is not None:
                knob.refuse(name, given[name], whole=int in (get_args(kind) or (kind,)))


def question(
    name: str,
    *,
    page: bool = False,
    frame: bool = False,
    finish: Callable[[Any, Mapping[str, Any]], None] | None = None,
    refuse_page: Callable[[Mapping[str, Any]], None] | None = None,
    group: str = ASK,
) -> Callable[[F], F]:
    """Make a statement of a function, and the method of `Model` that checks what it is given.

    Parameters
    ----------
    name, page, frame, finish, refuse_page, group
        As in `Statement`.
    """

    def decorate(function: F) -> F:
        statement = Statement(name, function, page, frame, finish, refuse_page, group)

        @wraps(function)
        def ask(subject: Any, *args: Any, **given: Any) -> Any:
            answer = statement.answer(subject, *args, **given)
            if finish is not None:
                finish(answer, statement.bind(subject, *args, **given))
            return answer

        method: Any = ask
        method.statement = statement
        method.__doc__ = statement.docstring
        method.__signature__ = statement.signature
        return method

    return decorate


def statement_of(method: Any) -> Statement:
    """Return the statement that `question` made of a function."""
    return method.statement


def _kind_text(kind: Any) -> str:
    text = kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)
    return re.sub(r"(typing|collections\.abc)\.", "", text)
