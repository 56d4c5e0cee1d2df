"""All services of a project as a table, by Google's client for Python: list.py http://HOST:PORT

For `cargo xtask bench`.
"""

import sys

from google.auth.credentials import AnonymousCredentials
from googleapiclient.discovery import build

client = build(
    "run",
    "v1",
    static_discovery=True,
    credentials=AnonymousCredentials(),
    client_options={"api_endpoint": sys.argv[1]},
)
found = client.namespaces().services().list(parent="namespaces/my-project").execute()
for service in found["items"]:
    metadata, status = service["metadata"], service["status"]
    ready = next((each["status"] for each in status["conditions"] if each["type"] == "Ready"), "")
    location = metadata["labels"].get("cloud.googleapis.com/location", "")
    by = metadata["annotations"].get("serving.knative.dev/lastModifier", "")
    print(f"{ready:5}  {metadata['name']:14}  {location:12}  {status['url']:60}  {by}")
