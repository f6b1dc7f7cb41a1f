"""Speed as a ratio against a peer in the same run: `make bench`. Never asserted in a test."""
