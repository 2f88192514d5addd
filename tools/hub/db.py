"""The hub's state: the database and what every part of the hub shares of it.

A part that comes later brings its own tables in its own module: subclass `Base`, and refer to a device by
`ForeignKey("devices.id", ondelete="CASCADE")`, so that its rows go with the device.
"""

import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from sqlalchemy import (
    JSON,
    URL,
    ForeignKey,
    Index,
    UniqueConstraint,
    create_engine,
    delete,
    event,
    inspect,
    literal_column,
    select,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from tools.hub.errors import Refused

# Counts up whenever a table changes. There are no migrations: a stand-in's database is made anew.
SCHEMA_VERSION = 2


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {dict[str, Any]: JSON, list[dict[str, Any]]: JSON}


class Device(Base):
    """A registered device. Times are ISO 8601 UTC with milliseconds."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("mac_digits", "sn"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(unique=True)  # SHA-256 of the access key; the key itself is kept nowhere
    sn: Mapped[str | None]  # None: a child without one
    mac: Mapped[str | None]  # as the device wrote it
    mac_digits: Mapped[str | None]  # twelve lower case digits, to compare
    cloud_id: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str | None]
    sub_model: Mapped[str | None]
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), index=True)
    model_id: Mapped[str | None]  # of a child: its model; any other device's hardware key says which it is
    details: Mapped[dict[str, Any]]
    firmware_version: Mapped[str]
    config_version: Mapped[int] = mapped_column(default=0)  # what the device says it has applied
    space_version: Mapped[int] = mapped_column(default=0)  # likewise
    info_version: Mapped[int] = mapped_column(default=0)  # counts up whenever the cloud changes the device's info
    state: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the telemetries, merged
    telemetry_count: Mapped[int] = mapped_column(default=0)  # messages accepted since registration
    created_at: Mapped[str]
    last_seen: Mapped[str]  # the last request that the device was allowed to make

    def public(self) -> dict[str, Any]:
        """The device as the hub shows it, to the device and to the cloud: everything but the key's hash."""
        return {
            column.key: getattr(self, column.key)
            for column in self.__table__.columns
            if column.key not in ("key_hash", "mac_digits")
        }


# Devices in the order of their registration, also of those of one millisecond.
REGISTERED: tuple[Any, ...] = (Device.created_at, literal_column("devices.rowid"))


class Telemetry(Base):
    """One accepted message, as it came. `seq` counts up over all devices and is never used twice."""

    __tablename__ = "telemetries"
    __table_args__ = (Index("telemetries_of_device", "device_id", "seq"), {"sqlite_autoincrement": True})

    seq: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"))
    received_at: Mapped[str]
    timestamp: Mapped[str]  # the device's, or received_at where it sent none
    status: Mapped[str]
    telemetries: Mapped[dict[str, Any]]
    override: Mapped[bool]
    message: Mapped[str | None]

    def public(self) -> dict[str, Any]:
        return {column.key: getattr(self, column.key) for column in self.__table__.columns}


def delete_family(session: Session, device: Device) -> list[str]:
    """Delete a device, its children and theirs, with all that is kept of them. Gives the ids of those that are gone."""
    gone = [device.id]
    for each in gone:  # which grows meanwhile
        gone += session.scalars(select(Device.id).where(Device.parent_id == each))
    session.delete(device)
    return gone


class File(Base):
    """A file that devices may fetch. `token` is the unguessable part of the address of its bytes."""

    __tablename__ = "files"

    id: Mapped[str] = mapped_column(primary_key=True)
    order: Mapped[int] = mapped_column(unique=True)  # counts up: which of two was published later
    name: Mapped[str]
    desc: Mapped[str | None]
    file_type: Mapped[str]
    version: Mapped[str | None]  # a firmware has one
    checksum: Mapped[str]  # SHA-256, hex
    signature: Mapped[str | None]
    public_notes: Mapped[str | None]
    created_at: Mapped[str]
    token: Mapped[str] = mapped_column(unique=True)
    size: Mapped[int]  # bytes
    data: Mapped[bytes] = mapped_column(deferred=True)


class UpdateCall(Base):
    """One update device request, for the limit an hour. `at` is seconds since 1970."""

    __tablename__ = "update_calls"

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), index=True)
    at: Mapped[float]


class OfDevice:
    """What the rows have that a device has many of: a mixin. They are in the `order` in which they were made."""

    order: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=lambda: str(uuid.uuid4()))
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[str]


Row = TypeVar("Row", bound=OfDevice)


def rows_of(session: Session, table: type[Row], device_id: str) -> Sequence[Row]:
    """A device's rows, oldest first."""
    return session.scalars(select(table).where(table.device_id == device_id).order_by(table.order)).all()


def row_of(session: Session, table: type[Row], device_id: str, row_id: str, field: str = "id") -> Row:
    """One row of a device. Raises Refused (404) that names `field`."""
    row = session.scalar(select(table).where(table.device_id == device_id, table.id == row_id))
    if row is None:
        raise Refused(404, f"{field}: there is no such {table.__name__.lower()}")
    return row


def keep_last(session: Session, table: type[Row], device_id: str, limit: int) -> None:
    """Delete a device's oldest rows beyond `limit`."""
    newest = select(table.order).where(table.device_id == device_id).order_by(table.order.desc()).limit(limit)
    session.execute(delete(table).where(table.device_id == device_id, table.order.not_in(newest)))


class Database:
    """A SQLite file. One transaction at a time, so that no request ever meets a locked database."""

    def __init__(self, path: str | Path) -> None:
        """Open or make the file. Raises ValueError for a file of another version, SQLAlchemyError for no database."""
        # Parameters stay out of error texts: they may be anything that a device sent.
        self._engine = create_engine(URL.create("sqlite", database=str(path)), hide_parameters=True)
        self._lock = threading.Lock()
        self._sessions = sessionmaker(self._engine, expire_on_commit=False)
        event.listen(self._engine, "connect", _prepare)
        try:
            self._make_tables(path)
        except Exception:
            self.close()
            raise

    def _make_tables(self, path: str | Path) -> None:
        with self._engine.begin() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            new = version == 0 and not inspect(connection).get_table_names()
            if not new and version != SCHEMA_VERSION:
                raise ValueError(f"{path}: not made by this version of the hub; remove it or name another file")
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")  # stays with the file
            Base.metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back for an exception. Not to be nested in one thread."""
        with self._lock, self._sessions.begin() as session:
            yield session

    def close(self) -> None:
        self._engine.dispose()


def _prepare(connection: Any, _record: object) -> None:
    # With a write-ahead log, NORMAL costs no fsync a commit, and still no torn state after a crash.
    for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
