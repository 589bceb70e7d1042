"""The import of real invoices, each received, reserved, cancelled, paid, delivered."""

from pathlib import Path

from app.domain.imports.retail.plan import Selection
from app.runtime.servers.embedded import EmbeddedServers
from app.services.imports.retail.importer import import_retail
from bench.processes import cpu_seconds, memory_megabytes
from bench.store import ROOT, deadlocks, process_ids, store
from bench.table import Row

DEMO = ROOT / "app" / "demo" / "online_retail.csv"


def measure(servers: EmbeddedServers, file: Path, every: int) -> list[Row]:
    """``every``: each N-th customer of the file only."""
    groups = process_ids(servers, "PostgreSQL")
    with store(servers, "retail") as (app, connection):
        settings = app.config["SETTINGS"]
        before = cpu_seconds(groups)["PostgreSQL"]
        summary = import_retail(
            file,
            Selection(every=every),
            timezone=settings.timezone,
            skipped_file=settings.instance_dir / "imports" / "bench-skipped.csv",
        )
        used = cpu_seconds(groups)["PostgreSQL"] - before
        memory = memory_megabytes(groups)["PostgreSQL"]
        rows = [deadlocks(connection, "import")]
    counts = summary.counts
    rate = counts.transitions / summary.seconds
    figures = {**vars(counts), "seconds": summary.seconds, "rate": rate, "memory_mb": memory}
    return [
        Row(
            f"import: {counts.invoices} invoices, {counts.units} units",
            f"{counts.transitions} transitions in {summary.seconds:.1f} s"
            f"  PostgreSQL {1000 * used / counts.transitions:.3f} CPU ms each, {memory:.0f} MB",
            f"{rate:.0f} transitions/s",
            figures=figures,
        ),
        *rows,
    ]
