"""Expressions of Python, parsed where other threads parse too."""

import ast

_TRIES = 5


def parse_expression(source: str) -> ast.expr:
    """Return the syntax tree of one expression; use it instead of `ast.parse` and of `ast.literal_eval` on text.

    Before 3.13 CPython counts how deep it is in one place for all threads (github.com/python/cpython, issue 106905):
    where one thread is let in while another builds its tree, that one raises SystemError. Nothing is wrong with the
    text then, and the next try parses it.

    Args:
        source: The expression's text; blanks before it are left out, as `ast.literal_eval` does.

    Returns:
        The expression's tree.

    Raises:
        SyntaxError, ValueError, MemoryError, RecursionError: As `ast.parse` raises them.
    """
    for _ in range(_TRIES - 1):
        try:
            return ast.parse(source.lstrip(" \t"), mode="eval").body
        except SystemError:
            continue
    return ast.parse(source.lstrip(" \t"), mode="eval").body
