class RuntimeProblem(Exception):
    """The store cannot start or be reached: one clear line for whoever typed the command."""
