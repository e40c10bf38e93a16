"""Who somebody is to us: relation, tier, mood, moves. Pure functions over storage nouns."""
