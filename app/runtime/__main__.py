import argparse
import sys

from app.runtime.problems import RuntimeProblem, in_one_line
from app.runtime.supervisor import Supervisor
from app.settings import Settings, SettingsError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m app.runtime", description="Runs the store.")
    parser.add_argument(
        "--with-parent", action="store_true", help="stop in order when the starting process dies"
    )
    arguments = parser.parse_args()
    try:
        return Supervisor(Settings.from_environment(), stop_with_parent=arguments.with_parent).run()
    except OSError as error:
        print(f"Holdfast: {in_one_line(error)}", file=sys.stderr)
        return 1
    except (RuntimeProblem, SettingsError) as problem:
        print(f"Holdfast: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
