"""All metrics in Prometheus' format, of every process of this node."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app.observability.metrics import REGISTRY
from app.observability.multiprocess import fold_ended_processes, shared_folder


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
