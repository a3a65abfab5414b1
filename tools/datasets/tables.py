"""Tables in files, CSV or Parquet, column by column. Needs the extra `datasets` (polars)."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from incidents.errors import AgentOpsError

if TYPE_CHECKING:
    import polars as pl

COLUMNS_AT_ONCE = 16
"""Columns of a Parquet file that are read together: a million rows of 16 numbers are 128 MB."""
SUFFIXES = (".csv", ".parquet")


class UnreadableTable(AgentOpsError):
    """A file is no table that can be read. The message names the file and what is wrong."""

    def __init__(self, file: Path, problem: str) -> None:
        """Keep both."""
        super().__init__(f"{file}: {problem}")
        self.file = file


class Table:
    """A file of rows. A CSV is read once, whole; a Parquet file by a few columns at a time.

    Raises from every method: `UnreadableTable`.
    """

    def __init__(self, file: Path) -> None:
        """Reads the columns' names, and of a CSV the rows."""
        self.file = file
        suffix = file.suffix.lower()
        if suffix not in SUFFIXES:
            raise UnreadableTable(file, "give a .csv or a .parquet file")
        if not file.is_file():
            raise UnreadableTable(file, "there is no such file")
        self._whole: pl.DataFrame | None = self._csv() if suffix == ".csv" else None
        with self._readable():
            names = self._scan().collect_schema().names() if self._whole is None else self._whole.columns
        self.columns = tuple(names)
        if not self.columns or not self.rows:
            raise UnreadableTable(file, "it has no rows")

    @property
    def rows(self) -> int:
        """How many rows it has."""
        if self._whole is not None:
            return self._whole.height
        import polars as pl

        with self._readable():
            return int(self._scan().select(pl.len()).collect().item())

    def read(self, columns: Sequence[str]) -> Iterator["pl.Series"]:
        """The columns of these names, in this order; never all of a Parquet file at once."""
        if self._whole is not None:
            yield from (self._whole[name] for name in columns)
            return
        for begin in range(0, len(columns), COLUMNS_AT_ONCE):
            with self._readable():
                frame = self._scan().select(columns[begin : begin + COLUMNS_AT_ONCE]).collect()
            yield from frame.iter_columns()

    def _scan(self) -> "pl.LazyFrame":
        import polars as pl

        return pl.scan_parquet(self.file)

    def _csv(self) -> "pl.DataFrame":
        import polars as pl

        with self._readable():
            try:
                # The types are told from the first rows; where a later row is otherwise, from all of them.
                return pl.read_csv(self.file, infer_schema_length=10_000)
            except pl.exceptions.ComputeError:
                return pl.read_csv(self.file, infer_schema_length=None)

    @contextmanager
    def _readable(self) -> Generator[None]:
        import polars as pl

        try:
            yield
        except (pl.exceptions.PolarsError, OSError) as error:
            raise UnreadableTable(self.file, f"it cannot be read ({str(error).splitlines()[0][:200]})") from error
