"""gcloud, loaded once, for a program that is not Python: lines.py http://HOST:PORT CONFIGURATION PROJECT

Reads and answers lines as driver.py does, which takes the place of this process.
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from command import DRIVER, SETTINGS, Installation, environment

if __name__ == "__main__":
    installation = Installation()
    own = environment(*sys.argv[1:]) | SETTINGS
    os.execve(installation.python, [installation.python, DRIVER, installation.library], own)
