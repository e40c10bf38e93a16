"""The review pages and their JSON API. One process, loopback by default."""
