"""The recipe of the weights that ship. Needs the extra `train`; never imported at run time."""
