"""One day in ninety seconds: numbers, people, topics, what byname did."""
