"""What a person sees: tables, bars and pictures of what is done elsewhere."""
