from flask import Blueprint, render_template

from app.authorization import requires
from app.domain.roles import Permission

reservations = Blueprint("reservations", __name__)


@reservations.get("/reservations")
@requires(Permission.ITEM_READ)
def index() -> str:
    return render_template("reservations/page.html")
