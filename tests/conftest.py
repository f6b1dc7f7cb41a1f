"""For every test: a property is about what is true, not about how long this machine took.

Hypothesis gives an example 200 ms of wall time unless told otherwise, which a busy machine breaks.
"""

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")
