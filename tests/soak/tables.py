# SPDX-License-Identifier: MIT
"""All that the program tells about itself, read once."""
import keys


class Tables:
    def __init__(self, tool, grammar=None):
        """grammar: another program to ask for the keys; an old one does not tell their values."""
        self.keys = keys.Keys(grammar or tool)
        self.allocators = keys.Allocators(tool)
        self.calls = keys.Calls(tool)
        self.metrics = keys.metrics(tool)
