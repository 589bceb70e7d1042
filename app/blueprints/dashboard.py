from flask import Blueprint, render_template

from app.authorization import requires
from app.domain.roles import Permission

dashboard = Blueprint("dashboard", __name__)


@dashboard.get("/")
@requires(Permission.ITEM_READ)
def index() -> str:
    return render_template("dashboard/page.html")
