"""The option that all commands for pipelines have."""

import argparse

TOKEN_VARIABLE = "REVIEW_TOKEN"  # noqa: S105 - the name of the variable


def add_token_variable(parser: argparse.ArgumentParser, use: str) -> None:
    """Add the option for the variable with the token; `use` is the use of the token."""
    parser.add_argument(
        "--token-variable",
        default=TOKEN_VARIABLE,
        metavar="NAME",
        help=f"the variable with the token that {use} (default: {TOKEN_VARIABLE})",
    )
