class RuntimeProblem(Exception):
    """The store cannot start or be reached: one clear line for whoever typed the command."""


def in_one_line(error: OSError) -> str:
    """Such as 'Read-only file system: /srv/store/instance/run'."""
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}"
