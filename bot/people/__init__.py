"""Who somebody is to us: relation, tier, mood. Pure functions over storage nouns."""
