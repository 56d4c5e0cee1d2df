"""Every method of the API, by Google's client for Python: walkthrough.py http://HOST:PORT"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import fixtures
import hosts
import kinds
import parts
import service
from client import connect, unanswered
from steps import expect, finish, step, walks

if __name__ == "__main__":
    address = sys.argv[1]
    run = connect(address)
    walks((service.walk, run, address), (hosts.walk, address), (fixtures.make, run))
    walks(*((kinds.walk, run, kind) for kind in kinds.KINDS))
    made = (
        parts.of_a_service,
        parts.of_a_job,
        parts.of_an_instance,
        parts.operations,
        parts.places,
        parts.policies,
    )
    walks(*((walk, run) for walk in made), (fixtures.remove, run))
    with step("every method has answered", needed=False):
        expect(not unanswered(), f"no answer of {', '.join(unanswered())}")
    finish()
