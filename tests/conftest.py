"""Settings of all tests."""

from hypothesis import settings

# How fast the machine is, is not a law.
settings.register_profile("laws", deadline=None)
settings.load_profile("laws")
