"""The one queue, its connection and its serializer: JSON, so that no pickle is ever loaded."""

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from app.settings import Settings

NAME = "holdfast"
CONNECT_SECONDS = 5


def connect(settings: Settings) -> Redis:
    return Redis.from_url(
        settings.redis_url or "", socket_connect_timeout=CONNECT_SECONDS, health_check_interval=30
    )


def queue(connection: Redis) -> Queue:
    return Queue(NAME, connection=connection, serializer=JSONSerializer)
