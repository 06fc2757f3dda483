"""Which functions, tables and settings a read-only user may use. What is not named here is refused.

Rules of this file: `harmless_functions.txt` names a function only if it computes from its arguments alone, or
from the clock or chance.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

READ_ONLY = 164
SYSTEM = frozenset({"system", "information_schema"})
"""Databases of the engine's own."""
SYSTEM_TABLES = frozenset(
    f"system.{name}" for name in ("one", "numbers", "databases", "tables", "columns", "settings", "functions")
)
"""What clients ask to know what there is. The engine shows there only what the role may see."""
TABLE_FUNCTIONS = frozenset({"numbers", "values", "SQLStandardValues", "generate_series", "generateSeries"})
SETTINGS = frozenset(
    # how much it may cost
    "max_execution_time timeout_overflow_mode max_threads max_block_size max_memory_usage "
    "max_result_rows max_result_bytes result_overflow_mode "
    "max_rows_to_read max_bytes_to_read read_overflow_mode max_rows_to_group_by group_by_overflow_mode "
    "max_rows_to_sort max_bytes_to_sort sort_overflow_mode max_rows_in_join max_bytes_in_join "
    "join_overflow_mode max_rows_in_set max_bytes_in_set set_overflow_mode "
    # what it means
    "final limit offset extremes join_use_nulls union_default_mode group_by_use_nulls transform_null_in "
    "aggregate_functions_null_for_empty session_timezone "
    # how it is written
    "date_time_output_format date_time_input_format send_progress_in_http_headers "
    "http_headers_progress_interval_ms output_format_json_quote_64bit_integers "
    "output_format_json_quote_decimals output_format_json_quote_denormals "
    "output_format_json_named_tuples_as_objects output_format_write_statistics "
    "output_format_native_use_flattened_dynamic_and_json_serialization output_format_decimal_trailing_zeros "
    "output_format_arrow_string_as_string output_format_arrow_compression_method "
    "output_format_parquet_string_as_string output_format_parquet_compression_method "
    "output_format_pretty_color output_format_pretty_max_rows format_csv_delimiter "
    "output_format_csv_crlf_end_of_line output_format_tsv_crlf_end_of_line "
    "cast_string_to_dynamic_use_inference log_comment".split()
)
"""Of a request; a statement has none."""
CEILINGS = {"max_execution_time": 300, "max_memory_usage": 2 << 30}
"""Seconds and bytes of a statement. Less may be asked for, and 0, which is no limit, is this."""
ONCE_GIVEN = {"max_threads": 16, "max_block_size": 65_536}
"""The same where the engine's own choice is a good one: time is looked at between blocks."""
FUNCTIONS = Path(__file__).parent / "harmless_functions.txt"
_PATH = re.compile(r"(?:^|\.)[./~]*/")
"""The engine's database `default` takes a table's name for a file's."""
_COMBINATORS = re.compile(
    "(?:If|Array|Map|Distinct|OrNull|OrDefault|State|SimpleState|Merge|MergeState|ForEach|Resample|ArgMin|ArgMax)$"
)


class NotAllowedError(Exception):
    """Who only reads may not ask this; says what of it."""


class Functions:
    """Of one engine, however their names are written."""

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        """`rows`: of `system.functions`, as text."""
        self._harmless = _read(FUNCTIONS)
        self._meant: dict[str, str] = {}
        self._known: set[str] = set()
        self._of_functions: set[str] = set()
        self._aggregates: set[str] = set()
        for row in rows:
            name, meant = row["name"], row["alias_to"] or row["name"]
            self._known.add(name.lower())
            self._meant[name] = meant
            if row["case_insensitive"] == "1":
                self._meant.setdefault(name.lower(), meant)
            if row["is_aggregate"] == "1":
                self._aggregates.add(meant)
            if row["higher_order"] == "1":
                self._of_functions.add(meant)

    def is_known(self, name: str) -> bool:
        """Whether the engine has one that is called so."""
        return name.lower() in self._known

    def takes_functions(self, name: str) -> bool:
        """Whether an argument of it may be a function's name."""
        return self._meaning(name) in self._of_functions

    def is_harmless(self, name: str) -> bool:
        if self._meaning(name) in self._harmless:
            return True
        while found := _COMBINATORS.search(name):
            name = name[: found.start()]
            if self._meaning(name) in self._harmless & self._aggregates:
                return True
        return False

    def _meaning(self, name: str) -> str:
        return self._meant.get(name) or self._meant.get(name.lower(), name)


def check_settings(settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        if name not in SETTINGS and (name, value) != ("readonly", "1"):
            raise NotAllowedError(f"cannot modify '{name}' setting in readonly mode")


def bounded(settings: Mapping[str, str]) -> dict[str, str]:
    """The same settings below their ceilings."""
    given = {name: most for name, most in ONCE_GIVEN.items() if name in settings}
    below = {name: _below(name, settings.get(name, "0"), most) for name, most in (CEILINGS | given).items()}
    return {**settings, **below}


def _below(name: str, value: str, most: int) -> str:
    try:
        return value if 0 < float(value) <= most else str(most)
    except ValueError:
        raise NotAllowedError(f"{name}: found {value!r}; expected a number, {most} at most") from None


def check_tables_of(name: str | None) -> None:
    """Where a statement looks for a table."""
    check_database(name)
    if name is None or name.lower() == "default":
        raise NotAllowedError(
            "there are no tables in the database default; expected another's name before the table's"
        )


def check_database(name: str | None) -> None:
    """The one that a reader is in; a table of the engine's own has to be named with its database."""
    if name is not None and name.lower() in SYSTEM:
        raise NotAllowedError(f"the database {name} is the engine's own")


def check_table(name: str) -> None:
    if _PATH.search(name):
        raise NotAllowedError(f"{name} is a file's name")
    if name.partition(".")[0].lower() in SYSTEM and name not in SYSTEM_TABLES:
        raise NotAllowedError(f"{name} is the engine's own")


def check_table_function(name: str) -> None:
    if name not in TABLE_FUNCTIONS:
        raise NotAllowedError(f"a read-only user may not call the table function {name}")


def _read(file: Path) -> frozenset[str]:
    lines = file.read_text("utf-8").splitlines()
    return frozenset(name for line in lines if not line.startswith("#") for name in line.split())
