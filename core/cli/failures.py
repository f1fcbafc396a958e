"""What went wrong, in one sentence for the person at the terminal."""

from __future__ import annotations

import tempfile
import traceback

from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from core.errors import KehuError, in_words
from plugins import PluginError


def sentence(error: BaseException) -> str:
    """The sentence; of what nobody foresaw it names the file that has the details."""
    if isinstance(error, KehuError):
        return in_words(error)
    if isinstance(error, PluginError):
        return str(error)
    if isinstance(error, NoSuchModuleError):
        return f"{error}; check kehu.database_url"
    if isinstance(error, DBAPIError):
        return f"the database refused: {str(error.orig).strip().splitlines()[0]}; `kehu doctor` looks closer"
    if isinstance(error, SQLAlchemyError):
        return f"{str(error).splitlines()[0]}; check kehu.database_url"
    if isinstance(error, ModuleNotFoundError) and error.name in {"psycopg", "pymysql", "granian"}:
        extra = {"psycopg": "postgresql", "pymysql": "mariadb", "granian": "prod"}[error.name]
        return f"{error.name} is not installed; run: pip install 'kehu[{extra}]'"
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    return f"unforeseen fault, {type(error).__name__}: {error}; details in {_written_down(error)}"


def _written_down(error: BaseException) -> str:
    with tempfile.NamedTemporaryFile("w", prefix="kehu-", suffix=".log", delete=False, encoding="utf-8") as file:
        traceback.print_exception(error, file=file)
    return file.name
