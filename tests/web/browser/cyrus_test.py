"""The main story on a Cyrus.

Usage: cyrus_test.py BIN_DIRECTORY"""
import sys
import unittest

import story_test
from story_test import StoryTest

if __name__ == "__main__":
    story_test.BIN = sys.argv.pop(1)
    story_test.IS_CYRUS = True
    unittest.main(verbosity=2)
