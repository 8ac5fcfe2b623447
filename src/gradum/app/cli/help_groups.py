"""Help in groups: commands by what they are for, options by what they bear on."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

from gradum.messages import marked, say

ARGUMENTS, OPTIONS = marked("Arguments"), marked("Options")


class GroupedOptions(TyperCommand):
    """A command whose help shows its options under headings, in the order of their first ones."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        each: Any
        for each in self.params:
            if "Default:" in (getattr(each, "help", None) or ""):
                each.show_default = False  # the library would say it once more

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options under each heading."""
        found: dict[str, list[tuple[str, str]]] = {}
        for each in self.get_params(ctx):
            record = each.get_help_record(ctx)
            if record is not None:
                stated = getattr(each, "rich_help_panel", None)  # older libraries' --help has none
                heading = ARGUMENTS if each.param_type_name == "argument" else stated or OPTIONS
                found.setdefault(heading, []).append(record)
        for heading, records in found.items():
            with formatter.section(say(heading)):
                formatter.write_dl(records)


class GroupedCommands(TyperGroup):
    """The program, whose help shows its commands under headings, each by its first sentence."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each heading with its commands."""
        longest = max(map(len, self.commands))
        found: dict[str, list[tuple[str, str]]] = {}
        commands: dict[str, Any] = self.commands  # type: ignore[assignment]
        for name, command in commands.items():
            sentence = command.help.partition("\n\n")[0]
            found.setdefault(command.rich_help_panel, []).append((name.ljust(longest), sentence))
        for heading, lines in found.items():
            with formatter.section(say(heading)):
                formatter.write_dl(lines)
