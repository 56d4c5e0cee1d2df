"""What the other walks need: an object of each kind that has revisions, executions or a policy."""

from client import collection, gone, settled
from kinds import KINDS, SERVICE
from steps import step

# By path: what is made, and how it is called.
FIXTURES = {
    "namespaces.services": SERVICE,
    "namespaces.jobs": "python-fixture",
    "namespaces.workerpools": "python-fixture-pool",
    "namespaces.instances": "python-fixture",
}


def kinds():
    return ((kind, FIXTURES[kind.path]) for kind in KINDS if kind.path in FIXTURES)


def make(run):
    for kind, name in kinds():
        with step(f"{kind.path}: one for the walks to come", needed=False):
            objects = collection(run, kind.path)
            objects.create(parent=kind.parent, body=kind.body(name, {})).execute()
            settled(objects.get(name=kind.full(name)))


def remove(run):
    for kind, name in kinds():
        with step(f"{kind.path}: the end of it", needed=False):
            objects = collection(run, kind.path)
            objects.delete(name=kind.full(name)).execute()
            gone(objects.get(name=kind.full(name)))
