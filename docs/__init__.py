"""Documents, and the program that writes those which can drift."""
