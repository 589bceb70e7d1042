"""Migrates an empty database on a server of its own, and writes its schema to schema.sql."""

from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from flask_migrate import upgrade

from app import create_app
from app.database.transactions import db
from app.runtime.servers.embedded import EmbeddedServers
from app.settings import Settings
from tools.schema.dump import dump_schema

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "migrations" / "schema.sql"


def main() -> None:
    with TemporaryDirectory(prefix="holdfast-schema-") as folder:
        servers = EmbeddedServers(Settings(instance_dir=Path(folder), demo=False), durable=False)
        try:
            servers.start()
            SCHEMA.write_text(_schema_of_a_new_store(servers.settings()))
        finally:
            servers.stop()
    print(f"written: {SCHEMA.relative_to(ROOT)}")


def _schema_of_a_new_store(settings: Settings) -> str:
    app = create_app(settings)
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        db.engine.dispose()
    assert settings.database_url
    with psycopg.connect(settings.database_url.replace("+psycopg", "")) as connection:
        return dump_schema(connection)


if __name__ == "__main__":
    main()
