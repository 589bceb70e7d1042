"""What `flask`, the web processes and the tests' servers load."""

from app import create_app
from app.runtime.state import resolve
from app.settings import Settings

app = create_app(resolve(Settings.from_environment()))
