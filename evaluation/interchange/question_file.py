"""Questions in a file of another tool's, or a packed one: gone through as often as is wanted, one at a time."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...core.errors import ConfigError, nearest
from ..batch.questions import Question
from ..batch.reading import with_ids
from .forms import read_with_places
from .losses import Losses
from .values import JsonItem, shown_value


class QuestionFile:
    """Be the questions of a CSV, Parquet, JSON, Arrow or packed file, or of a dataset's folder.

    asyncio.run(abatch(moa, QuestionFile("questions.parquet", names={"question": ["prompt"]}), "rows.jsonl"))
    """

    def __init__(
        self,
        path: str | Path,
        *,
        form: str | None = None,
        names: Mapping[str, Sequence[str]] | None = None,
        split: str | None = None,
        title: str | None = None,
    ) -> None:
        """Note what to read.

        Args:
            path: The file or folder.
            form: What it is, where its name does not tell: a key of `FILE_FORMS`.
            names: Which columns hold `question`, `gold` or `id`, where they are called otherwise.
            split: Which split of a dataset, where it has several.
            title: What messages call it; None is its path.
        """
        self.path, self.title = Path(path), title
        self._form, self._names, self._split = form, names or {}, split
        self.losses = Losses()
        """What was changed, of the last time that it was read."""

    def __iter__(self) -> Iterator[Question]:
        """Go through the questions.

        Raises:
            ConfigError: It cannot be read, or something in it is no question.
            MissingExtra: A package is needed that is not installed.
        """
        self.losses = Losses()
        yield from with_ids(self._items())

    def _items(self) -> Iterator[tuple[str, JsonItem]]:
        items = read_with_places(self.path, form=self._form, names=self._names, split=self._split, losses=self.losses)
        for place, item in items:
            where = place.replace(str(self.path), self.title or str(self.path))
            if item.get("question") is None and item.get("messages") is None:
                column = next(iter(self._names.get("question") or self._names.get("messages") or ["question"]))
                raise ConfigError(
                    f"found no question {where}, expected one in the column {shown_value(column)}; name its column: "
                    f"--map question=COLUMN; {nearest(column, [*item])}"
                )
            yield where, item
