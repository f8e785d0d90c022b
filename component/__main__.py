"""What the engine starts: `python component`, in the folder of the program that holds the component."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pulumi.provider import main

from component.provider import VERSION, Provider

main(Provider(VERSION), sys.argv[1:])
