"""The embedded servers that the settings ask for: PostgreSQL, Valkey or both."""

from dataclasses import replace

from app.runtime.output import say
from app.runtime.processes.children import Child
from app.runtime.servers.postgres import NAME as POSTGRES
from app.runtime.servers.postgres import Postgres
from app.runtime.servers.valkey import Valkey
from app.settings import Settings


class EmbeddedServers:
    def __init__(self, settings: Settings, *, durable: bool = True) -> None:
        self._settings = settings
        instance = settings.instance_dir
        self.postgres = None if settings.database_url else Postgres(instance, durable=durable)
        self.valkey = None if settings.redis_url else Valkey(instance, durable=durable)
        self.children: list[Child] = []
        self._told_to_stop: object = None

    def start(self) -> None:
        """Starts all and waits until each answers."""
        if self.valkey is not None:
            valkey_child = self._start(self.valkey.child())
        if self.postgres is not None:
            postgres_child = self._start(self.postgres.child())
            self.postgres.wait_ready(postgres_child)
            self.postgres.ensure_store()
        if self.valkey is not None:
            self.valkey.wait_ready(valkey_child)

    def finish_stops(self) -> None:
        """SIGTERM has PostgreSQL wait for all clients and take no new ones: end it at once, and
        the supervisor starts it again."""
        if self.postgres is None or not self.postgres.is_stopping():
            return
        for child in self.children:
            if child.name == POSTGRES and child.alive and child.process is not self._told_to_stop:
                self._told_to_stop = child.process
                say("PostgreSQL was told to stop by somebody else, and is started again.")
                child.ask_to_stop()

    def settings(self) -> Settings:
        """The given ones, with the addresses of what was started."""
        return replace(
            self._settings,
            database_url=self.postgres.url if self.postgres else self._settings.database_url,
            redis_url=self.valkey.url if self.valkey else self._settings.redis_url,
        )

    def stop(self) -> None:
        """PostgreSQL first: nothing that it commits may wait for the queue."""
        for child in reversed(self.children):
            child.stop()
        self.children.clear()

    def _start(self, child: Child) -> Child:
        # Noted first, so that an interrupt in the middle still stops it.
        self.children.append(child)
        child.start()
        return child
