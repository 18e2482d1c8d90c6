"""Makes a program of the oracle's smaller, as long as somebody says that it is still as interesting."""

from oracle_language import If, Loop, Switch


def lists_of(function):
    """All lists of statements of a function, outer ones first."""
    todo = [function.body, *(statements for _, statements in function.labels)]
    for statements in todo:
        yield statements
        for statement in statements:
            if isinstance(statement, If):
                todo += [statement.yes, statement.no]
            elif isinstance(statement, Switch):
                todo += statement.cases
            elif isinstance(statement, Loop):
                todo.append(statement.body)
            elif getattr(statement, "fail", None):
                todo.append(statement.fail)


def inside(statement):
    """What may stand in place of a statement: nothing, or a part of it."""
    yield []
    if isinstance(statement, If):
        yield from (statement.yes, statement.no)
    elif isinstance(statement, Switch):
        yield from statement.cases
    elif isinstance(statement, Loop):
        yield statement.body


def step(function, interesting):
    """Takes one statement out; False when none can be spared."""
    for statements in lists_of(function):
        for i in reversed(range(len(statements))):
            old = statements[:]
            for part in inside(old[i]):
                statements[i:i + 1] = part
                if interesting(function):
                    return True
                statements[:] = old
    return False


def reduce(function, interesting):
    while step(function, interesting):
        pass
