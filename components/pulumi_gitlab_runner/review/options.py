"""The option that all commands for pipelines have."""

import argparse

TOKEN_VARIABLE = "REVIEW_TOKEN"  # noqa: S105 - the name of the variable


def add_token_variable(parser: argparse.ArgumentParser, use: str) -> None:
    """Add the option for the variable with the token; `use` is what the token is for."""
    parser.add_argument(
        "--token-variable",
        default=TOKEN_VARIABLE,
        metavar="NAME",
        help=f"the CI variable with the access token to {use} (default: {TOKEN_VARIABLE})",
    )
