from flask import Blueprint, render_template

from app.authorization import requires
from app.domain.roles import Permission

items = Blueprint("items", __name__)


@items.get("/inventory")
@requires(Permission.ITEM_READ)
def index() -> str:
    return render_template("items/page.html")
