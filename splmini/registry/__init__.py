"""The three tables: commands, eval functions, stats functions. Each entry is declared where its code stands.

A command lives in `splmini/commands/NAME.py` (aliases in `splmini.commands.ALIASES`), and its module is imported when
the command is first met. Functions live in `splmini/functions/{eval,stats}/FAMILY.py`; all of them are imported when
the first function is met. An entry carries its documentation and examples: the reference pages come from them, and
the examples run as tests.
"""

from __future__ import annotations

from splmini.registry.command_table import (
    BuildScope,
    Chart,
    CommandSpec,
    Hazard,
    OptionSpec,
    command,
    command_names,
    commands,
    declare_command,
    find_command,
)
from splmini.registry.eval_table import EvalFunction, Scope, eval_form, eval_function, eval_functions
from splmini.registry.shared import Example
from splmini.registry.stats_table import Accumulator, StatsFunction, find_function, stats_function, stats_functions
from splmini.registry.uses import DEFAULTS, FieldUse, FieldUses, Follow, Known

__all__ = [
    "DEFAULTS",
    "Accumulator",
    "BuildScope",
    "Chart",
    "CommandSpec",
    "EvalFunction",
    "Example",
    "FieldUse",
    "FieldUses",
    "Follow",
    "Hazard",
    "Known",
    "OptionSpec",
    "Scope",
    "StatsFunction",
    "command",
    "command_names",
    "commands",
    "declare_command",
    "eval_form",
    "eval_function",
    "eval_functions",
    "find_command",
    "find_function",
    "stats_function",
    "stats_functions",
]
