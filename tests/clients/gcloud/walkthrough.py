"""What people do with `gcloud run`, by the installed gcloud: walkthrough.py http://HOST:PORT [WALK...]

gcloud sleeps for a second whenever something is not ready at once. So several walks run at the same time, each in a
project of its own.
"""

import pathlib
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import jobs
import others
import policies
import services
import traffic
from command import Gcloud, Installation
from steps import finish, say, walks

AT_A_TIME = 3
WALKS = {
    "regions": others.regions,
    "services": services.walk,
    "traffic": traffic.walk,
    "policies": policies.walk,
    "jobs": jobs.walk,
    "worker-pools": others.worker_pools,
    "domain-mappings": others.domain_mappings,
}


def take(name, installation, address):
    """Takes a walk, and returns how many commands it needed."""
    with Gcloud(installation, address, f"gcloud-{name}") as gcloud:
        walks((WALKS[name], gcloud))
        return gcloud.commands


if __name__ == "__main__":
    address, *names = sys.argv[1:]
    installation = Installation()
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        commands = threads.map(lambda name: take(name, installation, address), names or WALKS)
        say(f"{sum(commands)} commands of gcloud {installation.version}")
    finish()
