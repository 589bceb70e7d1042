"""What the web processes serve."""

from app import create_app
from app.settings import Settings

application = create_app(Settings.from_environment())
