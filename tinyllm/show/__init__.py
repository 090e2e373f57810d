"""What a person sees: what is done is done elsewhere, here it is told, in tables, bars and pictures."""
