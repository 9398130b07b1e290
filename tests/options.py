"""The options of a command line, one text each."""

import argparse


def options_of(parser: argparse.ArgumentParser) -> list[str]:
    """Each option as a user writes it, with its value and its default; each must have a help text."""
    shown = []
    for action in parser._actions[1:]:  # without --help
        if isinstance(action, argparse._SubParsersAction):
            continue
        assert action.help
        value = "|".join(map(str, action.choices)) if action.choices else action.metavar
        has_no_value = action.nargs == 0 or isinstance(action, argparse._StoreConstAction)
        name = action.option_strings[0] if action.option_strings else ""
        text = " ".join(filter(None, [name, "" if has_no_value else str(value or "TEXT")]))
        if action.nargs == "?" or (name and not action.required):
            text = f"[{text}]"
        default = action.default
        shown.append(text if default in (None, False) else f"{text} = {default}")
    return shown


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands of a command line, by name."""
    (commands,) = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    return dict(commands.choices)
