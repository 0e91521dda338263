"""How requests get to the fake, and who waits for the answer."""
