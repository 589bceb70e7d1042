"""All figures as Prometheus reads them: of every process of this node, and of the store."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app.metrics.folder import fold_ended_processes, shared_folder
from app.metrics.instruments import REGISTRY


def exposition(standing: Collector) -> bytes:
    registry = CollectorRegistry()
    folder = shared_folder()
    if folder is None:
        registry.register(REGISTRY)
    else:
        fold_ended_processes(folder)
        MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    registry.register(standing)
    return generate_latest(registry)
