"""What people do with `gcloud run`, by the installed gcloud: walkthrough.py http://HOST:PORT [WALK...]"""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import jobs
import others
import policies
import services
import traffic
from command import Gcloud
from steps import finish, walks

WALKS = {
    "regions": others.regions,
    "services": services.walk,
    "traffic": traffic.walk,
    "policies": policies.walk,
    "jobs": jobs.walk,
    "worker-pools": others.worker_pools,
    "domain-mappings": others.domain_mappings,
}

if __name__ == "__main__":
    address, *names = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="conformance-gcloud-") as directory:
        with Gcloud(address, directory) as gcloud:
            walks(*((WALKS[name], gcloud) for name in names or WALKS))
            print(f"{gcloud.commands} commands of gcloud {gcloud.version}")
    finish()
