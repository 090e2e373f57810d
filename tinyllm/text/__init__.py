"""Text: from characters to token ids and back. Needs nothing of the library but the ground floor."""
