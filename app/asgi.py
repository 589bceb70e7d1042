"""What the web processes serve: the Flask app on threads behind uvicorn."""

from a2wsgi import WSGIMiddleware

from app import create_app
from app.settings import Settings

THREADS = 12

application = WSGIMiddleware(
    create_app(Settings.from_environment()),  # type: ignore[arg-type]
    workers=THREADS,
)
