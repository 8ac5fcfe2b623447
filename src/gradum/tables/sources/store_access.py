"""Access to object stores for polars: credentials, limits of time, and refusals in one line.

Credentials come from where the store's own programs find them: the environment, a profile of AWS
or, where the provider's package is installed, whatever that knows. What a store answers may repeat
a key or what was signed with it, so none of its words reach a message.
"""

from __future__ import annotations

import configparser
import importlib.util
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import polars as pl

from gradum.errors import GradumError, TableError
from gradum.messages import marked, say
from gradum.tables.formats.read_failures import LIBRARIES
from gradum.tables.paths import refuse_unclear, scheme, secrets, shown
from gradum.tables.sources.source import Location

SECONDS = 15  # for the first answer, tried twice
TRANSFER_SECONDS = 600  # for a piece of a file, of which several come at once
RETRIES = 2
ARROW = (".arrow", ".feather", ".ipc")


class Store(NamedTuple):
    """What a provider is called, and where it looks for credentials."""

    title: str
    credentials: str


STORES = {
    "s3": Store(
        "S3",
        marked(
            "Give credentials that may read it: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_PROFILE."
        ),
    ),
    "gs": Store(
        "Google Cloud Storage",
        marked("Give credentials that may read it: GOOGLE_APPLICATION_CREDENTIALS names a file."),
    ),
    "az": Store(
        "Azure",
        marked(
            "Give credentials that may read it: AZURE_STORAGE_ACCOUNT_NAME, and "
            "AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN."
        ),
    ),
    "hf": Store("Hugging Face", marked("Give a token that may read it: HF_TOKEN.")),
}
_OBJECT = re.compile(r"\w+://[^/]+/")
_STATUS = re.compile(r"status code: (\d{3})")
_NO_BUCKET = re.compile(r"<Code>(NoSuchBucket|ContainerNotFound)</Code>")
_NO_CREDENTIALS = re.compile(r"169\.254\.169\.254|metadata\.google|token request|identity/oauth")
_UNREACHABLE = re.compile(r"error sending request|dns error|tcp connect|connection (closed|reset)")


def in_store(where: str) -> bool:
    """Whether a location is an address of a store of objects."""
    return scheme(where) in STORES


def refuse_secrets(where: str) -> None:
    """Refuse an address with a password or parameters: credentials come from elsewhere.

    Raises
    ------
    TableError
        The message repeats neither.
    """
    if re.search(r"\s", where):
        raise TableError(
            "The address {address} holds a space.", "Write * in its place.", address=shown(where)
        )
    refuse_unclear(where)
    if not _OBJECT.match(where):
        raise TableError(
            "The address {address} names no object.",
            "Put the object's name behind the bucket's, or / for all that it holds.",
            address=shown(where),
        )
    if secrets(where):
        raise TableError(
            say(
                "The address {address} holds a user, a password or parameters, which gradum does "
                "not send.",
                address=shown(where),
            ),
            say(STORES[scheme(where)].credentials),
        )


def options(where: str, seconds: int = TRANSFER_SECONDS) -> dict[str, Any]:
    """Return polars' options for a store: limits of time, and the keys of a profile if needed.

    Parameters
    ----------
    where : str
        The address.
    seconds : int
        The most that one request may take, with what it brings.
    """
    if scheme(where) == "hf":  # whose reader takes a token alone
        return {}
    limits = {
        "max_retries": RETRIES,
        "retry_timeout_ms": 1000 * SECONDS,
        "connect_timeout": f"{SECONDS}s",
        "timeout": f"{seconds}s",
    }
    return limits | (_of_profile() if scheme(where) == "s3" else {})


def stored_columns(where: str, seconds: int = TRANSFER_SECONDS) -> pl.LazyFrame:
    """Return the columns at an address, of which folders such as ``year=2024`` are some.

    A request may take so many ``seconds``.
    """
    access = options(where, seconds)
    scan = pl.scan_ipc if PurePosixPath(where).suffix.lower() in ARROW else pl.scan_parquet
    where = f"{where}**/*.parquet" if where.endswith("/") else where  # nothing else that is there
    several = "*" in where or "[" in where
    return scan(where, hive_partitioning=several, storage_options=access)


def options_of_log(where: str) -> dict[str, str]:
    """Return the options of the packages that read the logs of Delta and Iceberg.

    They come to the same limits, but do not find the endpoint that polars finds.
    """
    given = options(where)
    given.pop("retry_timeout_ms", None)
    named = {key: str(value) for key, value in given.items()}
    named |= {"retry_timeout": f"{SECONDS}s", "timeout": f"{2 * SECONDS}s", "allow_http": "true"}
    named |= {"s3.connect-timeout": f"{SECONDS}.0", "s3.request-timeout": f"{2 * SECONDS}.0"}
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    of_iceberg = {
        "s3.endpoint": endpoint,
        "s3.region": os.environ.get("AWS_REGION") or given.get("region"),
        "s3.access-key-id": given.get("aws_access_key_id"),
        "s3.secret-access-key": given.get("aws_secret_access_key"),
        "s3.session-token": given.get("aws_session_token"),
    }
    return named | {key: value for key, value in of_iceberg.items() if value}


def _of_profile() -> dict[str, str]:
    """Return the keys of the profile that AWS_PROFILE names, else of the default one.

    None where the environment has keys, or boto3 is installed, which polars then asks.
    """
    if "AWS_ACCESS_KEY_ID" in os.environ or importlib.util.find_spec("boto3") is not None:
        return {}
    name = os.environ.get("AWS_PROFILE", "")
    profile: dict[str, str] = {}
    for variable, file, section in (
        ("AWS_CONFIG_FILE", "config", f"profile {name}" if name else "default"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials", name or "default"),
    ):
        profiles = configparser.RawConfigParser()
        try:
            profiles.read(Path(os.environ.get(variable, f"~/.aws/{file}")).expanduser())
            profile |= dict(profiles.items(section))
        except (configparser.Error, UnicodeError):  # no such profile; their text may hold keys
            continue
    wanted = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "region")
    given = {key: profile[key] for key in wanted if key in profile}
    if name and "aws_access_key_id" not in given:
        raise TableError(
            "The profile {name!r} of AWS holds no keys that gradum can read.",
            "pip install boto3, which knows other ways to log in, or set AWS_ACCESS_KEY_ID.",
            name=name,
        )
    if "region" in given and ("AWS_REGION" in os.environ or "AWS_DEFAULT_REGION" in os.environ):
        del given["region"]
    return given


@contextmanager
def explained(
    location: Location, failures: tuple[type[BaseException], ...] = LIBRARIES
) -> Iterator[None]:
    """Say in one line why a store does not give a table, without any of the store's words."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*region", UserWarning)  # asked of the bucket
            yield
    except (GradumError, MemoryError):
        raise
    except failures as error:
        raise _refusal(error, location) from None


def finds_nothing(error: BaseException) -> bool:
    """Whether polars found no object by a pattern or a name."""
    return "expanded paths were empty" in str(error) or isinstance(error, FileNotFoundError)


def empty(name: str) -> TableError:
    """Return the error for a file without content."""
    return TableError("{name} is empty.", "Give a file with a header and rows.", name=name)


def _refusal(error: BaseException, location: Location) -> TableError:
    words, name = str(error), location.name
    store = STORES[scheme(location.where)]
    found = _STATUS.search(words)
    status = int(found[1]) if found else 0
    listing_failed = status == 404 and "list request" in words
    if _NO_BUCKET.search(words) or listing_failed:
        bucket = name.split("/")[2]
        return TableError(
            "{store} has no bucket {bucket!r}.",
            "Check the address.",
            store=store.title,
            bucket=bucket,
        )
    if "expanded paths were empty" in words:
        return TableError("No file matches {name}.", "Check the address.", name=name)
    if isinstance(error, FileNotFoundError) or status == 404:
        return TableError(
            "There is no {name}.", "Check the address; that of a folder ends with /.", name=name
        )
    if _NO_CREDENTIALS.search(words):
        return TableError(
            say("{name} cannot be had: no credentials were found.", name=name),
            say(store.credentials),
        )
    if isinstance(error, PermissionError) or status in (400, 401, 403):
        return TableError(
            say("{store} does not let you read {name}.", store=store.title, name=name),
            say(store.credentials),
        )
    return _failure(error, location, status)


def _failure(error: BaseException, location: Location, status: int) -> TableError:
    """Return the error of a store that fails, or of files that are no table."""
    words, name = str(error), location.name
    if isinstance(error, TimeoutError) or "timed out" in words:
        return TableError(
            "{name} gave nothing for {seconds:g} seconds.", "Try later.", name=name, seconds=SECONDS
        )
    if "redirect" in words or status in (301, 307):
        return TableError("{name} lies in another region.", "Name it in AWS_REGION.", name=name)
    if status == 416:  # of a file without bytes, there is no range
        return empty(name)
    if status:
        return TableError(
            "{name} cannot be had: its server answers {status}.",
            "Try later.",
            name=name,
            status=status,
        )
    if isinstance(error, ConnectionError) or _UNREACHABLE.search(words):
        return TableError(
            "{name} cannot be reached.",
            "Check the network, and the endpoint and account in the environment.",
            name=name,
        )
    if "utf8" in words or "utf-8" in words:
        return TableError(
            "{name} is not UTF-8.", "Download it by other means, and give the file.", name=name
        )
    if isinstance(error, pl.exceptions.SchemaError | pl.exceptions.ColumnNotFoundError):
        return TableError(
            "The files of {name} differ in their columns.",
            "Give files with the same columns.",
            name=name,
        )
    return TableError(
        "{name} is damaged, or not of the kind that its name says.",
        "Copy or write it anew.",
        name=name,
    )
