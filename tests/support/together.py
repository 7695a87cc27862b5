"""Run a test for all rows of a table at once: as tests of their own, thousands of rows take a minute."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any


def together(names: str | tuple[str, ...], rows: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what makes one test of a test and a table; it tells every row that fails.

    Args:
        names: The test's parameters that a row fills; a test may have others, for pytest to fill.
        rows: A value for the name, or a sequence of them for several.
    """

    def joined(test: Callable[..., None]) -> Callable[..., None]:
        table = list(rows)

        def check(**others: Any) -> None:
            failures = []
            for row in table:
                values = {names: row} if isinstance(names, str) else dict(zip(names, row, strict=True))
                try:
                    test(**values, **others)
                except Exception as exc:  # noqa: BLE001 - whatever it is, the row has failed
                    failures.append(f"{row!r:.300}: {exc!r:.600}")
            assert not failures, "\n\n".join(failures)
            assert table

        signature = inspect.signature(test)
        filled = {names} if isinstance(names, str) else {*names}
        left_over = [parameter for name, parameter in signature.parameters.items() if name not in filled]
        check.__signature__ = signature.replace(parameters=left_over)  # type: ignore[attr-defined]
        check.pytestmark = getattr(test, "pytestmark", [])  # type: ignore[attr-defined]
        check.__name__, check.__doc__, check.__module__ = test.__name__, test.__doc__, test.__module__
        return check

    return joined
